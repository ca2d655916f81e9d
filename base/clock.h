// Time as an injected input. system_clock appears in clock.cc and nowhere else.
#pragma once

#include <atomic>

#include "base/time.h"

namespace pointsman {

// Threads: implementations may be shared.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the Unix epoch. May step backwards; whoever orders by it must not let it.
  virtual Micros Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Micros Now() const override;
};

// A clock that stands still until told otherwise: replays and tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Micros start) : now_(start) {}
  Micros Now() const override { return now_.load(); }
  void Advance(Micros by) { now_ += by; }

 private:
  std::atomic<Micros> now_;
};

}  // namespace pointsman
