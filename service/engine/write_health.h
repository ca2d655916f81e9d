// Whether the storage can be written; the first failure stays until a restart, since a store that
// failed once refuses further writes.
// Threads: any.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "service/engine/requests.h"

namespace pointsman {

class WriteHealth {
 public:
  // Passes a write's status on: a failure of the medium (kUnavailable) is remembered, and comes back
  // saying what to do; anything else comes back as it is.
  absl::Status Note(const absl::Status& written) {
    if (!absl::IsUnavailable(written)) return written;
    const absl::Status broken = WithReason(
        absl::UnavailableError(
            Cat("storage cannot be written, and what this was to write is not kept: ",
                ToStd(written.message()), "; after a restart with that mended, send this again")),
        reason::kStorageBroken);
    MutexLock lock(mutex_);
    if (status_.ok()) status_ = broken;
    ++failures_;
    return broken;
  }

  // So many writes failed.
  uint64_t failures() const {
    MutexLock lock(mutex_);
    return failures_;
  }

  absl::Status status() const {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  mutable Mutex mutex_;
  absl::Status status_ GUARDED_BY(mutex_);
  uint64_t failures_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman
