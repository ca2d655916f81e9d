// What GetStats tells of a pool.
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/arm.h"
#include "learners/learned_state.h"

namespace pointsman {

struct FeedbackCounts {
  uint64_t applied = 0;
  uint64_t merged = 0;
  uint64_t corrected = 0;
  uint64_t already_applied = 0;
  uint64_t late = 0;
  uint64_t refused = 0;
};

struct ArmStatistics {
  std::string name;
  ArmStatus status = ArmStatus::kActive;
  uint64_t decisions = 0;  // since start
  double share = 0;        // of the pool's decisions since start
  ArmFigures figures;
};

struct PoolStatistics {
  std::string pool;
  Sequence snapshot_version = 0;
  uint64_t decisions = 0;   // since start
  uint64_t outcomes = 0;    // learned, ever
  FeedbackCounts feedback;  // since start
  std::vector<ArmStatistics> arms;
  uint64_t experience_size = 0;
  std::string quality_model;
  std::string exploration;
  uint64_t state_checksum = 0;  // 0 unless it was asked for
  uint64_t missing = 0;         // outcomes that nobody told within the feedback window, ever
};

}  // namespace pointsman
