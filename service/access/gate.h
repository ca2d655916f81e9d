// Counts the calls inside: they enter and leave, as many as may be at a time; once it is closed, or while
// it is paused, no call enters, and whoever closed it can wait for those inside.
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/mutex.h"

namespace pointsman {

class Gate {
 public:
  // Unless it is kIn the caller must not Leave.
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

  // Nobody enters until Resume.
  void Pause() {
    MutexLock lock(mutex_);
    is_paused_ = true;
  }
  void Resume() {
    MutexLock lock(mutex_);
    is_paused_ = false;
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
  bool is_paused_ GUARDED_BY(mutex_) = false;
  int64_t inside_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman
