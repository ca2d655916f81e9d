// Time as an injected input. Only clock.cc uses system_clock.
#pragma once

#include <atomic>

#include "base/time.h"

namespace pointsman {

// Threads: implementations may be shared.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the Unix epoch. May step backwards; code that orders by it must handle that.
  virtual Micros Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Micros Now() const override;
};

// A clock that stands still until Advance, for replays and tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Micros start) : now_(start) {}
  Micros Now() const override { return now_.load(); }
  void Advance(Micros by) { now_ += by; }

 private:
  std::atomic<Micros> now_;
};

}  // namespace pointsman
