// Published<T>: an immutable version that many threads read while one replaces it.
// Cost: a read holds a lock for one pointer copy.
// Threads: any number of readers and writers.
// It is a mutex and a copy, because std::atomic<std::shared_ptr> of g++ 12 unlocks with relaxed order.
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"

namespace pointsman {

template <class T>
class Published {
 public:
  Published() = default;
  explicit Published(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const {
    MutexLock lock(mutex_);
    return value_;
  }

  void Set(std::shared_ptr<const T> value) {
    {
      MutexLock lock(mutex_);
      value_.swap(value);
    }
    // The old version is destroyed here, outside the lock: its destructor may free a lot.
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ GUARDED_BY(mutex_);
};

}  // namespace pointsman
