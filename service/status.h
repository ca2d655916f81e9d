// absl::Status of the engine to grpc::Status with google.rpc details: ErrorInfo (reason, domain
// "pointsman"), BadRequest for a bad field, RetryInfo for a full queue.
// Threads: pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman {

grpc::Status ToGrpc(const absl::Status& status);
v1::ItemStatus ToItem(const absl::Status& status);

}  // namespace pointsman
