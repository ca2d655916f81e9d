// Facts that follow from a decision's record.
// Cost: O(candidates).
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <limits>

#include "domain/types.h"

namespace pointsman::engine {

// Whether no candidate has a better utility than the arm that was to be called.
inline bool TookBest(const Decision& decision) {
  double best = -std::numeric_limits<double>::infinity(), chosen = best;
  for (const Candidate& candidate : decision.candidates) {
    best = std::max(best, candidate.utility);
    if (candidate.arm == decision.chosen.front().arm) chosen = candidate.utility;
  }
  return chosen >= best;
}

}  // namespace pointsman::engine
