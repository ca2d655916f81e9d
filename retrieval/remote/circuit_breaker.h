// When to stop calling a server that does not answer, and when to try again.
// Operation: closed while calls succeed. After `failures` failed calls in a row it is open, and no call is
//   made for open_for. That time doubles after each attempt that fails, up to open_for_max, and is stretched
//   by up to a half at random, so that many servers do not try at once. Then it is half-open: one call
//   probes, and its success closes the breaker. The owner makes that call itself, so no caller waits for it.
// Source: M. Nygard, Release It!, 2nd ed., Pragmatic Bookshelf 2018, section 5.2.
// Threads: one owner. The caller passes the time in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/rng.h"

namespace pointsman::retrieval {

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
  // When an open breaker is due for a probe.
  std::optional<Time> ProbeAt() const;
  // The probe was sent: half-open until Succeeded or Failed is called.
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

}  // namespace pointsman::retrieval
