// From a learned state, a query and candidates to a choice with exact propensities.
// Source: utility as in docs/design/README.md, "Utility".
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "domain/types.h"
#include "learners/state/learned_state.h"

namespace pointsman::learners {

enum class Purpose : uint8_t { kFallback = 1, kPanel = 2 };

struct ChoiceRequest {
  Preference preference;  // normalised
  Mode mode = Mode::kExplore;
  Purpose purpose = Purpose::kFallback;
  uint32_t arm_count = 1;
  // Uniform numbers in [0, 1): the first arm's draw, and that of the group. The seed of a panel's further draws.
  double draw = 0;
  double group_draw = 0;
  uint64_t panel_seed = 0;
};

struct Choice {
  std::vector<Candidate> candidates;  // in the order given, probabilities filled
  std::vector<ChosenArm> chosen;      // 1 to arm_count, the first is the one to call
  Group group = Group::kNone;
  double holdout_share = 0;  // as in Decision
  std::optional<ArmId> holdout_arm = {};
};

double Utility(const PoolSettings& settings, const Preference& preference,
               const ArmExpectation& expected);
// The standard deviation of the utility. Quality, error rate, cost and latency are independent, each normal
// to first order (delta method).
double UtilityStddev(const PoolSettings& settings, const Preference& preference,
                     const ArmExpectation& expected);

// Chooses among arms that passed the constraints; at least one. `expected` has one entry per
// arm, in the same order. There is no control group.
Choice Choose(const PoolSettings& settings, const ChoiceRequest& request,
              std::span<const ArmView> arms, std::span<const ArmExpectation> expected);
// The same, but a quality model that mixes its experts' choices makes the distribution itself. Its experts'
// votes are then in the candidates' features. In a pool with a control group (control_group.h) the group is drawn
// too, unless the request is greedy.
Choice Choose(const LearnedState& state, const QueryView& query, const ChoiceRequest& request,
              std::span<const ArmView> arms, std::span<const ArmExpectation> expected);

// The votes of the quality model's experts on a query for which the outcomes of all these arms are known.
// `ratio` is the expert's own probability among them, times the utility of a point of quality
// (learners/choice/expert_mixture.h). There is no vote on a single arm, and none by a model without experts.
std::vector<ExpertVotes> VotesOnKnown(const LearnedState& state, const QueryView& query,
                                      const Preference& preference, std::span<const ArmView> arms,
                                      std::span<const ArmExpectation> expected);

}  // namespace pointsman::learners
