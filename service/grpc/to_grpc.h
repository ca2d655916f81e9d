// Converts the contract's errors to gRPC's.
// Threads: pure.
#pragma once

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "service/api/status.h"

namespace pointsman::service {

inline grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rich = ToRich(status);
  return {static_cast<grpc::StatusCode>(rich.code()), rich.message(), rich.SerializeAsString()};
}

}  // namespace pointsman::service
