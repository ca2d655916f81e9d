// Refuses writes after the first one that failed. The state of the medium is then unknown, until the database
// is opened again and read back.
// Threads: any.
#pragma once

#include <atomic>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pointsman::storage {

class WriteLatch {
 public:
  // Before a write. Errors: kUnavailable with the cause of the first failure.
  absl::Status Check() const {
    if (!is_failed_.load(std::memory_order_acquire)) return absl::OkStatus();
    MutexLock lock(mutex_);
    return absl::UnavailableError(
        Cat("writes are refused until the storage is opened again, because one failed: ",
            ToStd(cause_.message())));
  }

  // After a failed write: stores `cause` if it is the first, and returns `cause`.
  absl::Status Fail(absl::Status cause) {
    MutexLock lock(mutex_);
    if (cause_.ok()) cause_ = cause;
    is_failed_.store(true, std::memory_order_release);
    return cause;
  }

 private:
  std::atomic<bool> is_failed_{false};
  mutable Mutex mutex_;
  absl::Status cause_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::storage
