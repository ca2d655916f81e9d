// A gate in front of work that must end before its ground is taken away: Enter before, Leave after;
// Close refuses newcomers and waits for those inside.
// Threads: all methods from any thread; Close once.
#pragma once

#include <cstdint>
#include <utility>

#include "base/mutex.h"

namespace pointsman {

class Gate {
 public:
  // Leaves the gate when destroyed; empty if the gate was closed.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    Gate* gate_ = nullptr;
  };

  Pass Enter() {
    MutexLock lock(mutex_);
    if (is_closed_) return Pass();
    ++inside_;
    return Pass(this);
  }

  void Close() {
    MutexLock lock(mutex_);
    is_closed_ = true;
    while (inside_ > 0) empty_.Wait(mutex_);
  }

  int64_t inside() const {
    MutexLock lock(mutex_);
    return inside_;
  }

 private:
  void Leave() {
    MutexLock lock(mutex_);
    if (--inside_ == 0) empty_.NotifyAll();
  }

  mutable Mutex mutex_;
  CondVar empty_;
  int64_t inside_ GUARDED_BY(mutex_) = 0;
  bool is_closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman
