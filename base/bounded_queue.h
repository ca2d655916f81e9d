// BoundedQueue<T>: many producers, and one consumer that takes everything in it. A full queue refuses (the
// caller answers RESOURCE_EXHAUSTED); nothing is dropped silently.
// Threads: all methods from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace pointsman {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t items_max) : items_max_(items_max) {}

  // False if the queue is full or closed; `item` is then untouched.
  bool TryPush(T& item) {
    MutexLock lock(mutex_);
    if (is_closed_ || items_.size() >= items_max_) return false;
    items_.push_back(std::move(item));
    if (items_.size() == 1) ready_.NotifyOne();
    return true;
  }

  // The same without a bound: false only if the queue is closed.
  bool Push(T& item) {
    MutexLock lock(mutex_);
    if (is_closed_) return false;
    items_.push_back(std::move(item));
    ready_.NotifyOne();
    return true;
  }

  // Takes up to `count_max` items in order. Waits until there is one, the queue is closed, or `wait` has
  // passed. An empty result from a closed queue is final.
  std::vector<T> PopBatch(std::size_t count_max, std::chrono::milliseconds wait) {
    MutexLock lock(mutex_);
    if (items_.empty() && !is_closed_) ready_.WaitFor(mutex_, wait);
    std::vector<T> batch;
    if (items_.size() <= count_max) {
      batch.swap(items_);
    } else {
      const auto end = items_.begin() + static_cast<std::ptrdiff_t>(count_max);
      batch.assign(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
      items_.erase(items_.begin(), end);
    }
    return batch;
  }

  // From now on no push succeeds. Items inside can still be taken.
  void Close() {
    MutexLock lock(mutex_);
    is_closed_ = true;
    ready_.NotifyAll();
  }

  bool is_closed() const {
    MutexLock lock(mutex_);
    return is_closed_;
  }
  std::size_t size() const {
    MutexLock lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t items_max_;
  mutable Mutex mutex_;
  CondVar ready_;
  std::vector<T> items_ GUARDED_BY(mutex_);
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman
