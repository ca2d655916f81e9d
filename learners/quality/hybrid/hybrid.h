// The default quality model: what an arm is worth here, under two strengths of belief in context,
// of which the outcomes choose.
//   quality(x, a) = level_a + theta_a . z + beta . phi(x, a) + noise
//   theta_a ~ N(w, I / precision): w is the difficulty of queries, shared by all arms, so that it
//     cancels in the choice; level_a ~ (m, counting as so many outcomes), m the arms' own mean.
//   Cautious expert: precision 80 (deviation 0.05 for outcomes of variance 0.2), no head.
//   Bold expert: precision 1.25 (deviation 0.4) and the head over neighbour evidence.
// Context costs exploration before it earns, and whether it will earn no likelihood can tell in
// time: real arms do differ by query where the best arm is best for nearly all of them. So each
// expert makes its own distribution and the shares of their mixture follow what their choices
// earned (learners/choice/expert_mixture.h). Estimate gives the mean of both, weighted by their shares.
// - Evidence (G, b) is kept apart from priors; theta_a is solved anew when the arm's evidence has
//   grown by 1/16 (at least by 4 outcomes); the level follows each outcome and m at once.
// - w is the maximum of the marginal likelihood of the arms' evidence given m, and m of the levels'
//   (linear hierarchical model): each arm speaks with the weight (G^-1 + I / precision)^-1, so the
//   busiest arm does not pass its own slope off as difficulty. Both are solved when the pool's
//   outcomes have grown by 1/8 (at least 16), over the 64 arms with most evidence.
// - The deviation is that of the level alone, with n its outcomes and s the prior's strength:
//     deviation^2 = noise^2 / (n + s) + doubt^2 / (n + s)^2.
//   Exploring at that width finds the arms that are better somewhere; a deviation per direction of
//   z was not worth its cost. The second term is of the first outcomes: after three failures the
//   tail of what is true is much thicker than the normal's, and without it one arm in some
//   hundreds, now and then the best, began unluckily and was not tried again for thousands of
//   rounds.
// - phi = ( c/(c+k) r, c/(c+4k) r, similarity ), r = neighbour_quality - (level + theta . z), c =
//   neighbour_count: what near outcomes of this arm say beyond the linear part. beta is one ridge
//   regression over all arms, on the bold expert's residuals.
// - An arm has a matrix after its first 4 outcomes, at most 2,000 arms do; before, and for
//   outcomes without a vector, it learns its level alone and w stands for theta_a.
// - Forgetting (forget_outcomes > 0) scales an arm's evidence by exp(-(T - T_a) / forget_outcomes), T the
//   outcomes of the pool: towards the prior, since the prior is not part of it. Levels and deviations are
//   read at that scale, so an arm that is not chosen any more grows uncertain.
// - Drift: a cumulative sum of each arm's residuals. At an alarm its evidence is cut to 24 outcomes,
//   moved by the shift that was seen; an arm that fell keeps 2% of the choices for 2,000 outcomes,
//   then 2% * 2,000 / elapsed, and is listened to more closely, until it is seen to rise.
// - Late arms: one that comes when the pool has 1,000 outcomes gets 2.5% of the choices in the same
//   way for its first 40 outcomes, whatever they say: the others' levels are known by then, and an
//   arm that leads on one domain alone looks poor by its level. All that is kept for watched and
//   late arms is 6% together.
// - Corrections and withdrawals take back what the outcome gave to b, the levels and G, faded and cut as it
//   was since; not what it gave to beta, the shares or the detectors.
// Shapes: z has d entries.
// Cost: an estimate O(d) an arm; an outcome O(d^2), with an O(d^3) solve on the schedule above;
//   4 d^2 bytes an arm that has a matrix.
// Threads: see quality_model.h.
// Source: empirical Bayes for linear hierarchical models, Lindley and Smith 1972, section 3;
//   Thompson 1933; EXP4, Auer et al. 2002; cumulative sums, Page 1954.
#pragma once

#include <memory>

#include "learners/choice/expert_mixture.h"
#include "learners/quality/quality_model.h"

namespace pointsman {

// The constants, for experiments that change them; the defaults are what MakeHybrid takes.
struct HybridTuning {
  double cautious_precision = 80;
  double bold_precision = 1.25;
  double noise = 0.3;            // deviation of one outcome, for exploring
  double doubt = 0.6;            // further deviation of an arm's first outcomes
  double level_strength = 2;     // outcomes that the shared prior level counts as
  double slope_precision = 2.2;  // of the prior of w, around 0
  double head_half_count = 0.5;  // k: neighbours at which their word counts half
  double head_precision = 1;     // of the prior of beta, around 0
  double outcomes_before_matrix = 4;
  bool detects_drift = true;
  MixtureRule mixture;
};

std::unique_ptr<QualityModel> MakeHybrid(const LearnerSettings& settings, uint32_t dimension);
// `hybrid_steady`: the same without the change detectors, for what they cost and for worlds that
// are known to stand still.
std::unique_ptr<QualityModel> MakeHybridSteady(const LearnerSettings& settings, uint32_t dimension);
std::unique_ptr<QualityModel> MakeHybridTuned(const LearnerSettings& settings, uint32_t dimension,
                                              const HybridTuning& tuning);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeHybrid(const LearnerSettings& settings,
                                                           uint32_t dimension, ByteReader& in);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeHybridSteady(const LearnerSettings& settings,
                                                                 uint32_t dimension,
                                                                 ByteReader& in);

}  // namespace pointsman
