// The server's side of its connections: TLS, whose certificates are read again when their files change, or
// plain text. In both cases gRPC asks admission about each RPC, also about unknown ones.
// Threads: admission is called from gRPC's threads.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/access/admission.h"
#include "service/access/certificate.h"

namespace pointsman::service {

// `admission` outlives the server. TLS 1.2 at least.
std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsSettings& tls,
                                                         Admission& admission);

}  // namespace pointsman::service
