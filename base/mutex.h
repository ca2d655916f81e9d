// std::mutex with clang's thread-safety annotations, so that a missing lock fails to compile in the lint
// preset. (absl::Mutex as Debian builds it gives ThreadSanitizer false positives.) Members under a lock carry
// GUARDED_BY (absl's); functions that need it held carry REQUIRES_LOCK.
// Threads: any.
#pragma once

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"

#define REQUIRES_LOCK(...) ABSL_EXCLUSIVE_LOCKS_REQUIRED(__VA_ARGS__)

namespace pointsman {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a Mutex held. Wakes may be spurious, so wait in a loop over the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES_LOCK(mutex) { cv_.wait(mutex); }
  template <class Duration>
  void WaitFor(Mutex& mutex, Duration duration) REQUIRES_LOCK(mutex) {
    cv_.wait_for(mutex, duration);
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable_any cv_;
};

}  // namespace pointsman
