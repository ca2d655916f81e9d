// What GetStats reports about a pool.
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/arm.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {

struct FeedbackCounts {
  uint64_t applied = 0;
  uint64_t merged = 0;
  uint64_t corrected = 0;
  uint64_t already_applied = 0;
  uint64_t late = 0;
  uint64_t refused = 0;
  uint64_t over_weight = 0;
  uint64_t closed = 0;
};

// Which arms are reported on.
struct ArmFilter {
  std::vector<std::string> names;  // empty: all
  bool is_none = false;
};

struct ArmStatistics {
  std::string name;
  ArmStatus status = ArmStatus::kActive;
  uint64_t decisions = 0;  // since start
  double share = 0;        // of the pool's decisions since start
  bool is_watched = false;
  learners::ArmFigures figures;
};

// Time from decisions to their outcomes, since start. `counts` is by bucket; the last bucket has everything
// beyond the last bound.
struct FeedbackLag {
  static constexpr std::array<double, 9> kBoundsSeconds = {0.1,  1,     10,    60,    600,
                                                           3600, 21600, 86400, 604800};
  std::array<uint64_t, kBoundsSeconds.size() + 1> counts{};
  double sum_s = 0;
};

struct PoolStatistics {
  std::string pool;
  Sequence snapshot_version = 0;
  uint64_t decisions = 0;   // since start
  uint64_t explored = 0;    // decisions for an arm other than the one with the best utility
  uint64_t outcomes = 0;    // learned over all time
  FeedbackCounts feedback;  // since start
  FeedbackLag lag;          // of first outcomes, since start
  std::vector<ArmStatistics> arms;
  uint64_t experience_size = 0;
  std::string quality_model;
  std::string exploration;
  uint64_t state_checksum = 0;  // 0 unless requested
  uint64_t fallbacks = 0;       // decisions made without a vector
  uint64_t missing = 0;  // decisions without feedback within the feedback window, over all time
  // Age of the newest snapshot, or time since the start. 0 while the snapshot contains everything that was
  // learned.
  double snapshot_age_s = 0;
};

}  // namespace pointsman::engine
