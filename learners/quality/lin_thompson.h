// One Bayesian ridge regression per arm:
//   quality(x, a) = level(a) + theta_a . z(x) + noise
//   mean = level + theta . z,  stddev = noise * sqrt(x' A^-1 x),  x = (1, z),  noise = 0.35
// - Prior: level ~ (the arm's prior_quality, counting as prior_strength outcomes; 0.5 and 1 without one);
//   theta_a ~ N(0, (0.2 * noise)^2 I) for a unit-norm z. So context is shrunk hard against the level until
//   the evidence supports it.
// - An arm's first 20 outcomes teach its level alone, as if z were 0. After that it owns a posterior over all
//   of x, unless 2,000 arms already do. Outcomes without a vector teach the level.
// - Forgetting (forget_outcomes > 0) counts the outcomes of the pool and moves towards the prior. It works in
//   blocks of 32 outcomes or of 5%; each costs a factorisation, with the arm's next outcome. In between,
//   evidence and prior change places along x (Faded, quality_model.h).
// - A correction moves b along what the outcome had taught. A withdrawal takes back A too.
// Shapes: z has d entries; x has d + 1.
// Cost: estimate and learn O(d^2) per arm; 16 d^2 bytes per arm that owns a posterior, 72 otherwise.
// Threads: see quality_model.h.
// Source: Agrawal and Goyal 2013, "Thompson sampling for contextual bandits with linear payoffs", algorithm
//   1, in its disjoint form.
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman::learners {

std::unique_ptr<QualityModel> MakeLinThompson(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeLinThompson(const LearnerSettings& settings,
                                                                uint32_t dimension, ByteReader& in);

}  // namespace pointsman::learners
