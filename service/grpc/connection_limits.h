// The limits on one connection, as gRPC settings.
// Threads: pure.
#pragma once

#include <grpcpp/server_builder.h>

#include "domain/limits.h"

namespace pointsman::service {

void SetConnectionLimits(const Limits& limits, grpc::ServerBuilder& builder);

}  // namespace pointsman::service
