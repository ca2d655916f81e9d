// What the arms of the hybrid model share, learned from their evidence: m, the mean of their levels, and w,
// the difficulty of queries (learners/quality/hybrid/hybrid.h has the model and its source).
// Cost: O(arms) and, for each busy arm, an O(d^3) inverse.
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <span>

#include "base/persistent_array.h"
#include "learners/quality/hybrid/hybrid_arm.h"

namespace pointsman::learners {

struct SharedTuning {
  double level_strength = 2;     // outcomes that m counts as in an arm's level
  double slope_precision = 2.2;  // of the prior of w
  Eigen::VectorXd slope;         // its mean
};

// Computes prior.level and prior.slope, and then theta and the level of each busy arm. All
// of these have a matrix.
void LearnSharedPrior(const SharedTuning& tuning, std::size_t expert,
                      std::span<const std::size_t> busiest, PersistentArray<HybridArm>& arms,
                      HybridPrior& prior);

}  // namespace pointsman::learners
