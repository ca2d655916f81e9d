// The server's side of its connections: TLS with certificates that are read again when their files
// change, or none; either way gRPC asks the admission about each RPC, also those that are not ours.
// Threads: the admission is asked from gRPC's.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/access/certificate.h"
#include "service/access/admission.h"

namespace pointsman {

// `admission` outlives the server. TLS 1.2 at least.
std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsSettings& tls, Admission& admission);

}  // namespace pointsman
