// What a pool did over time, as counts and sums.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "domain/types.h"

namespace pointsman::engine {

inline constexpr Micros kHistorySpanMax = 14 * 86400 * kMicrosPerSecond;

// Of numbers: mean = sum / count, variance = sum_of_squares / count - mean^2.
struct Sums {
  uint64_t count = 0;
  double sum = 0;
  double sum_of_squares = 0;

  void Add(double value) {
    ++count;
    sum += value;
    sum_of_squares += value * value;
  }
  void Add(const Sums& other) {
    count += other.count;
    sum += other.sum;
    sum_of_squares += other.sum_of_squares;
  }
  friend bool operator==(const Sums&, const Sums&) = default;
};

struct ArmBucket {
  uint64_t decisions = 0;
  Sums quality;
  Sums cost_usd;
  Sums latency_ms;
  uint64_t calls = 0;   // whose end is known
  uint64_t failed = 0;  // of those

  void Add(const ArmBucket& other);
  friend bool operator==(const ArmBucket&, const ArmBucket&) = default;
};

// All arms that have no place of their own in a bucket.
inline constexpr ArmId kOtherArms{std::numeric_limits<uint32_t>::max()};

// What happened in a span of time.
struct HistoryBucket {
  Micros start = 0;
  uint64_t decisions = 0;
  uint64_t explored = 0;        // of the pool's own choices: another arm than the best by utility
  uint64_t first_feedback = 0;  // decisions whose first outcome came
  Sums lag_s = {};              // from a decision to its first outcome
  Sums saved_usd = {};  // expected cost of the dearest candidate minus that of the chosen arm
  std::map<ArmId, ArmBucket> arms = {};

  bool empty() const { return decisions == 0 && first_feedback == 0 && arms.empty(); }
  void Add(const HistoryBucket& other);  // keeps its start
  friend bool operator==(const HistoryBucket&, const HistoryBucket&) = default;
};

struct History {
  Micros step = 0;
  Micros first = 0;                                  // the begin of the span, at a bucket's begin
  std::vector<HistoryBucket> buckets;                // in order of time, without empty ones
  std::vector<std::pair<ArmId, std::string>> names;  // of the arms in the buckets
};

}  // namespace pointsman::engine
