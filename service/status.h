// absl::Status of the engine to grpc::Status with google.rpc details: ErrorInfo (reason, domain
// "pointsman"), BadRequest for a bad field, RetryInfo for what is exhausted.
// Threads: pure functions.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "base/types.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman {

// When a status of kResourceExhausted should be tried again; 100 ms where nobody says.
absl::Status WithRetryDelay(absl::Status status, Micros delay);

grpc::Status ToGrpc(const absl::Status& status);
v1::ItemStatus ToItem(const absl::Status& status);

}  // namespace pointsman
