// Whether the storage accepts writes. The first failure stays until the storage is opened again, because a
// store that failed once refuses further writes. (service/app/engine_host.h opens it again.)
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
  // Passes a write's status on. A failure of the medium (kUnavailable) is stored, and returned with advice on
  // what to do. Any other status is returned unchanged.
  absl::Status Note(const absl::Status& written) {
    if (!absl::IsUnavailable(written)) return written;
    absl::Status broken =
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

  // The number of writes that failed.
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
