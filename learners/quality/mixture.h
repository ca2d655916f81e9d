// A mixture of three linear Thompson samplers over the same outcomes. Each acts with a weight,
// and the weights follow what each one's choices earned. The experts, as (scale of the
// features, width of the posterior):
//   (0, 0.3)    a sampler without context
//   (0.2, 0.3)  context shrunk hard
//   (1, 0.1)    context believed and hardly explored
// Each is a ridge regression over x = (1, scale z) with A = I + sum w x x', as in
// learners/quality/linucb.h. The rate is 0.04 and the share floor 0.03. Gains are never forgotten:
// forget_outcomes fades the ridges' evidence alone.
// Estimate gives the experts' means and variances, averaged by share. The choice itself is the mixture of
// their distributions (ChooseDirectly, learners/choice/expert_mixture.h).
// Shapes: z has d entries.
// Cost: estimate and learn O(d^2) per arm, twice; 32 d^2 bytes per arm that owns
//   matrices, at most 2,000 arms.
// Threads: see quality_model.h.
// Source: EXP4, Auer et al. 2002, section 7; the experts are Agrawal and Goyal 2013, algorithm 1.
#pragma once

#include <memory>

#include "learners/quality/quality_model.h"

namespace pointsman::learners {

std::unique_ptr<QualityModel> MakeMixture(const LearnerSettings& settings, uint32_t dimension);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeMixture(const LearnerSettings& settings,
                                                            uint32_t dimension, ByteReader& in);

}  // namespace pointsman::learners
