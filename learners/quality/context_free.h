// Two models that never look at the query: each arm has a level, and that is its estimate.
//   context_free  Gaussian posterior of the level: prior mean m0 counts as s0 outcomes (the arm's
//                 prior_quality and prior_strength; 0.5 and 1 without), one outcome has deviation
//                 0.4: mean = (s0 m0 + sum) / (s0 + n), stddev = 0.4 / sqrt(s0 + n). With
//                 forgetting, sum and n shrink by kept = exp(-(T - T_a) / forget_outcomes), T the
//                 outcomes of the pool, when they are asked for: the posterior goes back to the prior,
//                 not to nothing, also that of an arm that is not chosen any more.
//   ema           the same mean, with kept = 2^(-(T - T_a) / half_life_outcomes), and stddev 0: the
//                 tracker alone decides, and whatever exploring there is comes from the exploration's own
//                 knobs.
// A correction moves the sum by weight times the change, faded since the outcome came; a withdrawal takes
// back the weight too.
// Cost: O(1) an arm, an outcome or an estimate; 48 bytes an arm.
// Threads: see quality_model.h.
// Source: Thompson 1933, with the posterior of a normal mean, Bishop 2006, eq. 2.141 and 2.142;
//   discounting as in Raj and Kalyani 2017; ema after ORCH.
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman {

std::unique_ptr<QualityModel> MakeContextFree(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeContextFree(const LearnerSettings& settings,
                                                                uint32_t dimension, ByteReader& in);

std::unique_ptr<QualityModel> MakeEma(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeEma(const LearnerSettings& settings,
                                                        uint32_t dimension, ByteReader& in);

}  // namespace pointsman
