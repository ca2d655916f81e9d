// Two models that ignore the query: each arm has a level, and the level is its estimate.
//   context_free  A Gaussian posterior of the level. The prior mean m0 counts as s0 outcomes (the arm's
//                 prior_quality and prior_strength; 0.5 and 1 without them). One outcome has deviation 0.4:
//                 mean = (s0 m0 + sum) / (s0 + n), stddev = 0.4 / sqrt(s0 + n). With forgetting, sum and n
//                 are scaled when they are read, by kept = exp(-(T - T_a) / forget_outcomes), where T counts
//                 the outcomes of the pool. So the posterior moves back to the prior, not to nothing, also
//                 for an arm that is no longer chosen.
//   ema           The same mean, with kept = 2^(-(T - T_a) / half_life_outcomes), and stddev 0. The tracker
//                 alone decides, and only the settings of the exploration explore.
// A correction moves the sum by weight times the change, faded since the outcome arrived. A withdrawal takes
// back the weight too.
// Cost: O(1) per arm, outcome or estimate; 48 bytes per arm.
// Threads: see quality_model.h.
// Source: Thompson 1933, with the posterior of a normal mean, Bishop 2006, eq. 2.141 and 2.142; discounting
//   as in Raj and Kalyani 2017; ema after ORCH.
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman::learners {

std::unique_ptr<QualityModel> MakeContextFree(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeContextFree(const LearnerSettings& settings,
                                                                uint32_t dimension, ByteReader& in);

std::unique_ptr<QualityModel> MakeEma(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeEma(const LearnerSettings& settings,
                                                        uint32_t dimension, ByteReader& in);

}  // namespace pointsman::learners
