// Counts the calls inside, up to a limit. Once the gate is closed, or while it is paused, no call enters. The
// caller that closed it can wait until the calls inside have left.
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/mutex.h"

namespace pointsman::service {

class Gate {
 public:
  // If the result is not kIn, the caller must not call Leave.
  enum class Entry : uint8_t { kIn, kClosed, kPaused, kFull };
  Entry Enter(int64_t inside_max) {
    MutexLock lock(mutex_);
    if (is_closed_) return Entry::kClosed;
    if (is_paused_) return Entry::kPaused;
    if (inside_ >= inside_max) return Entry::kFull;
    ++inside_;
    return Entry::kIn;
  }

  void Leave() {
    MutexLock lock(mutex_);
    if (--inside_ == 0) emptied_.NotifyAll();
  }

  void Close() {
    MutexLock lock(mutex_);
    is_closed_ = true;
  }

  // No call enters until Resume.
  void Pause() {
    MutexLock lock(mutex_);
    is_paused_ = true;
  }
  void Resume() {
    MutexLock lock(mutex_);
    is_paused_ = false;
  }

  // Returns true as soon as no call is inside, false if that takes longer than `patience`.
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
  bool is_paused_ GUARDED_BY(mutex_) = false;
  int64_t inside_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman::service
