// Converts the engine's absl::Status to the contract's errors, with google.rpc details: ErrorInfo (reason,
// domain "pointsman"), BadRequest for a bad field, RetryInfo for an exhausted resource.
// Threads: pure functions.
#pragma once

#include "absl/status/status.h"
#include "base/time.h"
#include "google/rpc/status.pb.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman::service {

// Adds when to retry a kResourceExhausted status. Without it the delay is 100 ms.
absl::Status WithRetryDelay(absl::Status status, Micros delay);

google::rpc::Status ToRich(const absl::Status& status);
v1::ItemStatus ToItem(const absl::Status& status);

}  // namespace pointsman::service
