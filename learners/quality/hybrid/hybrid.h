// The default quality model: one linear model per arm, read with two strengths of belief in context.
//
// Model. The quality of arm a on query x, where z is the context vector and phi the arm's features here:
//   quality(x, a) = level_a + theta_a . z + beta . phi(x, a) + noise
//   level_a  the arm's own mean. Its prior is m, the mean of the arms' levels,
//            and counts as level_strength outcomes.
//   theta_a  how the arm's quality depends on the query. Its prior is N(w, I / precision). w is the
//            difficulty of queries. All arms share it, so it cancels in the choice.
//   beta     the head: what neighbours and descriptions add, the same for all arms.
//
// Experts. Two experts read the same evidence under different priors:
//   cautious  precision 80 (deviation 0.05 for outcomes of variance 0.2), no head.
//   bold      precision 1.25 (deviation 0.4), and the head.
// Context costs exploration before it pays off. Likelihood cannot show early enough whether it will pay off:
// real arms differ by query even where one arm is best for nearly all queries. So each expert makes its own
// distribution over the arms. The shares of their mixture follow what their choices earned
// (learners/choice/expert_mixture.h). Estimate returns the mean of both experts, weighted by share.
//
// Evidence. Each arm keeps its sums (G, b) apart from the priors (learners/linear/regression_sums.h).
// - theta_a is solved again when the arm's evidence has grown by 1/16, and by at least 4 outcomes.
// - The level follows each outcome, and each change of m, at once.
// - An arm gets a matrix after its first 4 outcomes. At most 2,000 arms have one. Without a matrix an arm
//   learns its level alone, and w stands for theta_a. An outcome without a vector teaches the level alone.
//
// Shared prior. m and w are estimated from the arms' evidence, as in a linear hierarchical model.
// - m maximises the marginal likelihood of the levels; arms with a prior of their own are left out.
// - w maximises the marginal likelihood of the evidence given m, over the 64 arms with the most
//   evidence. Each arm has the weight (G^-1 + I / precision)^-1, so the busiest arm cannot pass off
//   its own slope as difficulty.
// - Both are solved when the pool's outcomes have grown by 1/8, and by at least 16.
//
// Deviation. It is the deviation of the level alone. With n the arm's outcomes and s
// the strength of its prior:
//   deviation^2 = noise^2 / (n + s) + doubt^2 / (n + s)^2
// Exploring at this width finds the arms that are better on some queries. A deviation per
// direction of z was not worth its cost. The second term matters for the first outcomes: after
// three failures the true tail is much thicker than that of a normal distribution. Without this
// term one arm in some hundreds, sometimes the best one, starts unluckily and is not tried again
// for thousands of rounds (docs/decisions/first-outcomes.md).
//
// Head. beta is one ridge regression over all arms, on the residuals of the bold expert:
//   phi = (c / (c + k) r, c / (c + 4k) r, similarity),  r = neighbour_quality - (level + theta . z)
// Here c is neighbour_count, and r is what near outcomes of this arm say beyond the linear part.
//
// Forgetting (forget_outcomes > 0). An arm's evidence is scaled by exp(-(T - T_a) / forget_outcomes), where T
// counts the outcomes of the pool. It fades towards the prior, because the prior is not part of it. Levels
// and deviations are read at this scale, so an arm that is no longer chosen grows uncertain.
//
// Drift. Each arm has a cumulative sum of residuals. At an alarm the arm's evidence is cut to 24 outcomes and
// moved by the shift that was seen. An arm that fell keeps 2% of the choices for 2,000 outcomes of the pool,
// then 2% * 2,000 / elapsed, until it is seen to rise. Meanwhile its detector is more sensitive.
//
// Late arms. An arm that joins a pool with 1,000 outcomes or more gets 2.5% of the choices in the same way,
// for its first 40 outcomes, whatever they say. By then the levels of the other arms are known, and an arm
// that leads on one domain alone looks poor by its level. All watched and late arms together keep at most 6%.
//
// Corrections and withdrawals take back what the outcome gave to b, the levels and G, faded and cut as it was
// since. What it gave to beta, the shares and the detectors stays.
//
// Shapes: z has d entries.
// Cost: an estimate O(d) per arm; an outcome O(d^2), with an O(d^3) solve on the schedule above; 4 d^2 bytes
//   per arm that has a matrix.
// Threads: see quality_model.h.
// Source: empirical Bayes for linear hierarchical models, Lindley and Smith 1972, section 3; Thompson 1933;
//   EXP4, Auer et al. 2002; cumulative sums, Page 1954.
#pragma once

#include <memory>

#include "learners/choice/expert_mixture.h"
#include "learners/quality/quality_model.h"

namespace pointsman::learners {

// The constants. Experiments change them; MakeHybrid uses the defaults.
struct HybridTuning {
  double cautious_precision = 80;
  double bold_precision = 1.25;
  double noise = 0.3;            // deviation of one outcome, for exploring
  double doubt = 0.6;            // further deviation of an arm's first outcomes
  double level_strength = 2;     // outcomes that the shared prior level counts as
  double slope_precision = 2.2;  // of the prior of w, around 0
  double head_half_count = 0.5;  // k: the neighbour count at which what they say counts half
  double head_precision = 1;     // of the prior of beta, around 0
  double outcomes_before_matrix = 4;
  bool detects_drift = true;
  MixtureRule mixture;
};

std::unique_ptr<QualityModel> MakeHybrid(const LearnerSettings& settings, uint32_t dimension);
// `hybrid_steady`: the same without change detectors, to measure what they cost and
// for worlds that never change.
std::unique_ptr<QualityModel> MakeHybridSteady(const LearnerSettings& settings, uint32_t dimension);
std::unique_ptr<QualityModel> MakeHybridTuned(const LearnerSettings& settings, uint32_t dimension,
                                              const HybridTuning& tuning);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeHybrid(const LearnerSettings& settings,
                                                           uint32_t dimension, ByteReader& in);
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeHybridSteady(const LearnerSettings& settings,
                                                                 uint32_t dimension,
                                                                 ByteReader& in);

}  // namespace pointsman::learners
