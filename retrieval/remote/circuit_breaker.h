// When to stop calling what does not answer, and when to try again.
// Operation: closed while calls succeed; after `failures` in a row open, and no call is made for
//   open_for, twice as long after each attempt that fails, up to open_for_max, each stretched by up to a
//   half at random, so that many servers do not try at once. Then half-open: one call probes, and its
//   success closes it. The owner makes that call of its own, so no caller waits for it.
// Source: M. Nygard, Release It!, 2nd ed., Pragmatic Bookshelf 2018, section 5.2.
// Threads: one owner. The clock's time is given to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/rng.h"

namespace pointsman {

class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;
  enum class State : uint8_t { kClosed = 1, kOpen = 2, kHalfOpen = 3 };
  struct Options {
    int64_t failures = 5;
    Duration open_for{};
    Duration open_for_max{};
  };

  CircuitBreaker(Options options, uint64_t seed) : options_(options), rng_(seed) {}

  State state() const { return state_; }
  bool is_closed() const { return state_ == State::kClosed; }
  // When an open one wants to be probed.
  std::optional<Time> ProbeAt() const;
  // The probe is on its way: half-open until a success or failure is told.
  void BeginProbe() { state_ = State::kHalfOpen; }

  void Succeeded();
  void Failed(Time now);

 private:
  const Options options_;
  Rng rng_;
  State state_ = State::kClosed;
  int64_t failed_ = 0;  // in a row, while closed
  Duration open_for_{};
  Time probe_at_{};
};

}  // namespace pointsman
