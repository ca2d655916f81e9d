// Whether the storage can be written; the first failure stays until it is opened again, since a store that
// failed once refuses further writes. (service/app/engine_host.h opens it again.)
// Threads: any.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "domain/errors.h"

namespace pointsman::engine {

class WriteHealth {
 public:
  // Passes a write's status on: a failure of the medium (kUnavailable) is remembered, and comes back
  // saying what to do; anything else comes back as it is.
  absl::Status Note(const absl::Status& written) {
    if (!absl::IsUnavailable(written)) return written;
    const absl::Status broken =
        WithReason(absl::UnavailableError(
                       Cat("this write was not stored: ", ToStd(written.message()),
                           ". The server tries the disk again by itself; send this again in ",
                           kStorageRetryAfter / kMicrosPerSecond, " s")),
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

}  // namespace pointsman::engine
