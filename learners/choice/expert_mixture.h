// The part that `mixture` and `hybrid` share. Several experts read the same evidence. Each
// makes its own distribution over the candidates. The choice is drawn from their mixture, and
// outcomes move the mixture's shares.
//   p(a) = sum_i s_i p_i(a), then the exploration floor
//   gain_i = u_a p_i(a) / p(a) * (y - par_a),  par_a = (V - c_a) / u_a,  V = sum_i s_i E_i[utility]
//   l_i <- (1 - 1 / memory) l_i + rate * (gain_i - sum_j s_j gain_j),
//   s_i = (1 - floor) exp(l_i) / sum_j exp(l_j) + floor / experts
// with utility(a) = u_a * quality(a) + c_a.
// - p_i(a) u_a / p(a) and par_a are computed when the decision is made and are recorded with it. So feedback
//   may arrive late, under any preference, and from any set of candidates. Subtracting V removes noise and
//   changes no expectation of a difference.
// - Imports know the outcomes of several arms A of a query at once, so no importance weights are needed. Each
//   outcome votes with p(a) = 1 and with p_i over A alone. The gains of a query add up to sum_a p_i(a)
//   (utility(a) - V), which is what expert i's choice would have earned. Together the outcomes of a query
//   forget as one outcome does, each by its share sum_j s_j u_a p_j(a).
// - An observation's weight multiplies both its gain and its forgetting.
// Cost: MixChoices is one Distribution per expert; Learn O(experts).
// Threads: values and pure functions.
// Source: Auer, Cesa-Bianchi, Freund and Schapire 2002, "The nonstochastic multiarmed bandit problem",
//   section 7 (EXP4), and for imports section 3 (Hedge, full information); forgetting of gains as in Herbster
//   and Warmuth 1998's fixed share.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "learners/quality/quality_model.h"

namespace pointsman::learners {

constexpr std::size_t kExpertsMax = 3;

struct MixtureRule {
  std::size_t experts = 2;  // at most kExpertsMax
  double rate = 0.05;
  double memory = 4000;  // outcomes; gains older than that are forgotten
  double share_floor = 0.03;
};

class MixtureWeights {
 public:
  explicit MixtureWeights(const MixtureRule& rule) : rule_(rule) {}

  // Sums to 1 over the rule's experts; further entries are 0.
  std::array<double, kExpertsMax> Shares() const;
  // Ignores an observation that has no votes, is off-policy or is a correction.
  void Learn(const Observation& observation);

  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);

 private:
  MixtureRule rule_;
  std::array<double, kExpertsMax> log_weights_{};
};

// What else shapes the choice. An empty span counts for nothing.
struct MixtureGuide {
  std::span<const double> floors =
      {};  // per arm: its least probability, in addition to the settings' floor
  std::span<const double> bonus =
      {};  // per expert and arm, as opinions: added to its mean for the draw alone, as it is not expected
  double width = 1;  // factor on the deviations of quality for the draw
  // With thompson: this share is spread evenly over the arms that may still be the best, those whose mean plus
  // `possible_deviations` deviations reaches the best mean. It is a guard against settling early.
  double possible_share = 0;
  double possible_deviations = 2;
};

// The mixture's distribution and the votes to record. opinions[i * k + a] is expert i's estimate of arm a.
void MixChoices(const LearnerSettings& settings, std::span<const double> shares,
                std::span<const QualityEstimate> opinions, std::span<const UtilityTerm> terms,
                const MixtureGuide& guide, std::span<double> pmf, std::span<ExpertVotes> votes);

}  // namespace pointsman::learners
