// std::mutex with clang's thread-safety annotations, so that a missing lock does not compile in the
// lint preset. (absl::Mutex as Debian builds it gives ThreadSanitizer false positives.)
// Threads: that is what it is for.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define POINTSMAN_TSA(x) __attribute__((x))
#else
#define POINTSMAN_TSA(x)
#endif

#ifndef GUARDED_BY  // absl's headers may have defined the same
#define GUARDED_BY(x) POINTSMAN_TSA(guarded_by(x))
#endif
#define REQUIRES_LOCK(...) POINTSMAN_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES_LOCK(...) POINTSMAN_TSA(locks_excluded(__VA_ARGS__))

namespace pointsman {

class POINTSMAN_TSA(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() POINTSMAN_TSA(acquire_capability()) { mutex_.lock(); }
  void unlock() POINTSMAN_TSA(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class POINTSMAN_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) POINTSMAN_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() POINTSMAN_TSA(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a Mutex held; wakes may be spurious, so wait in a loop over the condition.
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
