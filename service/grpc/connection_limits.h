// What one connection may do to the server, as gRPC's settings.
// Threads: pure.
#pragma once

#include <grpcpp/server_builder.h>

#include "domain/limits.h"

namespace pointsman {

void SetConnectionLimits(const Limits& limits, grpc::ServerBuilder& builder);

}  // namespace pointsman
