// What GetStats tells of a pool.
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "domain/arm.h"
#include "learners/state/learned_state.h"

namespace pointsman {

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

struct ArmStatistics {
  std::string name;
  ArmStatus status = ArmStatus::kActive;
  uint64_t decisions = 0;  // since start
  double share = 0;        // of the pool's decisions since start
  ArmFigures figures;
};

// How long after their decisions outcomes were told, since start; `counts` by bucket, the last one
// for all that is later than the last bound.
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
  uint64_t explored = 0;    // of those, by another arm than the one of the best utility
  uint64_t outcomes = 0;    // learned, ever
  FeedbackCounts feedback;  // since start
  FeedbackLag lag;          // of first outcomes, since start
  std::vector<ArmStatistics> arms;
  uint64_t experience_size = 0;
  std::string quality_model;
  std::string exploration;
  uint64_t state_checksum = 0;  // 0 unless it was asked for
  uint64_t fallbacks = 0;       // of the decisions: made without a vector
  uint64_t missing = 0;         // outcomes that nobody told within the feedback window, ever
  // Since the newest snapshot was made, or since the start; 0 while it holds all that was learned.
  double snapshot_age_s = 0;
};

}  // namespace pointsman
