// The usual baseline, for comparison: one disjoint ridge regression per arm, and optimism.
//   score(a) = theta_a . x + alpha sqrt(x' A_a^-1 x),  alpha = 0.3 exploration_scale,
//   A_a = Lambda + sum w x x',  theta_a = A_a^-1 (Lambda theta_0 + sum w y x),  x = (1, z),
//   Lambda = I, theta_0 = (0.5, 0)
// The estimate is the mean and its deviation. Optimism says how many deviations are added to an arm's utility
// when it is chosen; all other exploration comes from the settings of the exploration. An arm's prior_quality
// and prior_strength replace the level's prior (0.5, 1). An arm owns a matrix from its first outcome with a
// vector, but at most 2,000 arms own one; the others have a level. With forget_outcomes, evidence fades by the
// pool's outcomes, towards the prior.
// Shapes: z has d entries.
// Cost: estimate and learn O(d^2) per arm; 16 d^2 bytes per arm that owns a matrix.
// Threads: see quality_model.h.
// Source: Li, Chu, Langford and Schapire 2010, algorithm 1 (disjoint linear models).
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman::learners {

std::unique_ptr<QualityModel> MakeLinUcb(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeLinUcb(const LearnerSettings& settings,
                                                           uint32_t dimension, ByteReader& in);

}  // namespace pointsman::learners
