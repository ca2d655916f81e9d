// The door of the services: calls enter and leave; once it is closed no call enters, and whoever
// closed it can wait for those inside.
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "service/engine/requests.h"

namespace pointsman {

class Gate {
 public:
  // False: closed; the caller must not Leave then.
  bool Enter() {
    MutexLock lock(mutex_);
    if (is_closed_) return false;
    ++inside_;
    return true;
  }

  void Leave() {
    MutexLock lock(mutex_);
    if (--inside_ == 0) emptied_.NotifyAll();
  }

  void Close() {
    MutexLock lock(mutex_);
    is_closed_ = true;
  }

  // True as soon as nobody is inside, false if that takes longer than `patience`.
  bool WaitUntilEmpty(std::chrono::milliseconds patience) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    MutexLock lock(mutex_);
    while (inside_ > 0) {
      const auto left = give_up - std::chrono::steady_clock::now();
      if (left <= std::chrono::steady_clock::duration::zero()) return false;
      emptied_.WaitFor(mutex_, left);
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar emptied_;
  bool is_closed_ GUARDED_BY(mutex_) = false;
  uint64_t inside_ GUARDED_BY(mutex_) = 0;
};

// What a call is told that comes to a closed gate.
inline absl::Status Stopping() {
  return WithReason(
      absl::UnavailableError("the server is stopping; send this again, it was not begun"),
      reason::kStopping);
}

}  // namespace pointsman
