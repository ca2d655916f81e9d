// absl::Status of the engine as the contract's errors, with google.rpc details: ErrorInfo (reason, domain
// "pointsman"), BadRequest for a bad field, RetryInfo for what is exhausted.
// Threads: pure functions.
#pragma once

#include "absl/status/status.h"
#include "base/time.h"
#include "google/rpc/status.pb.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman {

// When a status of kResourceExhausted should be tried again; 100 ms where nobody says.
absl::Status WithRetryDelay(absl::Status status, Micros delay);

google::rpc::Status ToRich(const absl::Status& status);
v1::ItemStatus ToItem(const absl::Status& status);

}  // namespace pointsman
