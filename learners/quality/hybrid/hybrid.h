// The default quality model: one linear model per arm, read with two strengths of belief in context.
//
// Model. The quality of arm a on query x, where z is the context vector, lead how much nearer than usual the query
// is to the arm's description (domain/types.h), and phi the arm's features here:
//   quality(x, a) = level_a + theta_a . (lead, z) + beta . phi(x, a) + noise
//   level_a  the arm's own mean. Its prior is m, the mean of the arms' levels, and counts as `strength` outcomes.
//   theta_a  how the arm's quality depends on the query. Its prior is N(w, diag(lead_precision, precision...)^-1).
//            The first entry of w is what a lead is worth, the others the difficulty of queries. All arms share
//            w, so difficulty cancels in the choice. Before outcomes w is (description_weight, 0, ...).
//   beta     the head: what neighbours add, the same for all arms.
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
// - An arm gets a matrix after its first 4 outcomes; at once where a description counts, so that what it is worth
//   is not taken for the arm's level. At most 2,000 arms have one. Without a matrix an arm learns its level alone,
//   and w stands for theta_a. An outcome without a vector teaches the level alone.
//
// Shared prior. m and w are estimated from the arms' evidence, as in a linear hierarchical model.
// - m maximises the marginal likelihood of the levels; arms with a prior of their own are left out.
// - w maximises the marginal likelihood of the evidence given m, over the 64 arms with the most
//   evidence. Each arm has the weight (G^-1 + I / precision)^-1, so the busiest arm cannot pass off
//   its own slope as difficulty.
// - Both are solved when the pool's outcomes have grown by 1/8, and by at least 16.
//
// Deviation. It is the deviation of the level alone. The variance of outcomes and the spread between the arms are
// estimated from the pool's own outcomes (learners/quality/hybrid/hybrid_spread.h):
//   deviation^2 = v(level) / (n + strength),  strength = v(m) / B
// A deviation per direction of z was not worth its cost.
//
// Choice. Each expert draws with 0.6 of that deviation: narrow draws lose less while many arms are new, and cost
// nothing later (docs/lab/evaluation.md). A hundredth of the choices goes to arms that may still be the best, so
// that an unlucky start does not settle anything.
//
// Claims. The bold expert tries an arm that is hardly known where its description says that it is good. Its draw, and
// only its draw, adds to the arm's mean
//   trust * lead * 0.3 * 50 / (n + 50),  trust = (u - 0.03) / 0.12, from 0 to 1
// where u is what a lead may be worth: the estimate of w's first entry plus its deviation. So claims are made from
// the start. They end when the arm is known, when the outcomes of all arms show that descriptions predict little, or
// when the bold expert earns less than the cautious one.
//
// Head. beta is one ridge regression over all arms, on the residuals of the bold expert:
//   phi = (c / (c + k) r, c / (c + 4k) r, similarity),  r = neighbour_quality - (level + theta . (lead, z))
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
// Corrections and withdrawals take back what the outcome gave to b, the levels, the spread and G, faded and cut as it was
// since. What it gave to beta, the shares and the detectors stays.
//
// Shapes: z has d entries.
// Cost: an estimate O(d) per arm; an outcome O(d^2), with an O(d^3) solve on the schedule above; 4 d^2 bytes
//   per arm that has a matrix.
// Threads: see quality_model.h.
// Source: empirical Bayes for linear hierarchical models, Lindley and Smith 1972, section 3; Thompson 1933, and
//   narrower draws as in Chapelle and Li 2011, section 3; EXP4, Auer et al. 2002; cumulative sums, Page 1954.
#pragma once

#include <memory>

#include "learners/choice/expert_mixture.h"
#include "learners/quality/quality_model.h"

namespace pointsman::learners {

// The constants. Experiments change them; MakeHybrid uses the defaults.
struct HybridTuning {
  double cautious_precision = 80;
  double bold_precision = 1.25;
  double lead_precision = 9;     // of each arm's own worth of a lead, around the shared one
  double width = 0.6;            // of exploration, in deviations
  double possible_share = 0.01;  // of the choices, for arms that may still be the best
  double slope_precision = 2.2;  // of the prior of w
  double claim_quality = 0.3;    // that a lead of 1 adds to the draw of an arm without outcomes
  double claim_strength = 50;    // outcomes of an arm that halve its claims
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
