#include "engine/inspect/compare_policies.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "engine/inspect/recorded_decisions.h"
#include "engine/request/arm_name.h"
#include "engine/request/validate.h"
#include "learners/offpolicy/robust_sequence.h"

namespace pointsman::engine {
namespace {

using learners::PolicyArm;
using learners::PolicyEstimate;
using learners::RobustSequence;

constexpr double kAlpha = 0.05;
constexpr double kCapOverDearest = 2;

// What the estimates need of a decision.
struct Row {
  struct Arm {
    ArmId id{};
    double probability = 0;
    double quality = 0;
    double cost_usd = 0;
  };
  std::vector<Arm> arms;
  std::size_t drawn = 0;
  bool is_usable = false;          // the arm that was drawn served, if one did
  std::vector<std::size_t> picks;  // by preference policy, in order
  Micros time = 0;
  Group group = Group::kNone;
  double holdout_share = 0;
  std::optional<ArmId> holdout_arm;
  std::optional<double> quality;
  std::optional<double> cost_usd;
  std::optional<double> latency_ms;
};

absl::Status Check(const PolicyQuestion& question) {
  if (question.policies.size() > kComparedPoliciesMax) {
    return BadField("policies", Cat("must be at most ", kComparedPoliciesMax, ", got ",
                                    question.policies.size()));
  }
  if (question.decisions > kComparedDecisionsMax) {
    return BadField("decisions",
                    Cat("must be at most ", kComparedDecisionsMax, ", got ", question.decisions));
  }
  if (!(question.cost_cap_usd >= 0) || !std::isfinite(question.cost_cap_usd)) {
    return BadField("cost_cap_usd", Cat("must be at least 0 USD, got ", question.cost_cap_usd));
  }
  for (const Policy& policy : question.policies) {
    if (policy.kind != Policy::Kind::kPreference) continue;
    if (auto status = ValidatePreference(policy.preference); !status.ok()) {
      return BadField("policies.preference", std::string(ToStd(status.message())));
    }
  }
  return absl::OkStatus();
}

// Reads decisions into rows, the oldest first.
class Reader {
 public:
  Reader(const PoolRuntime& pool, const storage::Storage& storage, const PolicyQuestion& question)
      : pool_(pool), storage_(storage), question_(question) {}

  absl::StatusOr<std::vector<Row>> Read(PolicyComparison& out) {
    const uint32_t most = question_.decisions == 0 ? kComparedDecisions : question_.decisions;
    std::vector<Row> rows;
    std::size_t candidates = 0;
    const auto visit = [&](const DecisionPosition& position,
                           const std::optional<Decision>& decision) -> absl::StatusOr<bool> {
      if (position.time < question_.from) return false;
      if (!decision || decision->candidates.empty()) return true;
      out.first = position.time;
      ++out.decisions;
      ASSIGN_OR_RETURN(Row row, RowOf(*decision));
      if (!row.is_usable) ++out.left_out;
      candidates += row.arms.size();
      rows.push_back(std::move(row));
      return rows.size() < most && candidates < kComparedCandidatesMax;
    };
    RETURN_IF_ERROR(ForEachNewest(*storage_.decisions, pool_.id(),
                                  {std::numeric_limits<Micros>::max(), ""}, visit));
    std::reverse(rows.begin(), rows.end());
    return rows;
  }

 private:
  absl::StatusOr<Row> RowOf(const Decision& decision) const {
    Row row;
    row.time = decision.time;
    row.group = decision.group;
    row.holdout_share = decision.holdout_share;
    row.holdout_arm = decision.holdout_arm;
    for (const Candidate& c : decision.candidates) {
      row.arms.push_back({c.arm, c.probability, std::clamp(c.expected.quality, 0., 1.),
                          c.expected.KnownCost().value_or(0)});
    }
    const ChosenArm& chosen = decision.chosen.front();
    const auto drawn = std::find_if(row.arms.begin(), row.arms.end(),
                                    [&](const Row::Arm& arm) { return arm.id == chosen.arm; });
    row.drawn = static_cast<std::size_t>(drawn - row.arms.begin());
    const PoolSettings& settings = state_->pool().settings;
    for (const Policy& policy : question_.policies) {
      if (policy.kind != Policy::Kind::kPreference) continue;
      row.picks.push_back(BestUnder(decision, settings, Normalised(policy.preference)));
    }
    ASSIGN_OR_RETURN(const auto outcome, OutcomeOf(*storage_.log, decision));
    if (outcome) {
      row.quality = outcome->second.quality;
      row.cost_usd = outcome->second.cost_usd;
      row.latency_ms = outcome->second.latency_ms;
    }
    row.is_usable = chosen.selection == Selection::kExplore && drawn != row.arms.end() &&
                    drawn->probability > 0 && (!outcome || outcome->first == chosen.arm);
    return row;
  }

  const PoolRuntime& pool_;
  const storage::Storage& storage_;
  const PolicyQuestion& question_;
  const std::shared_ptr<const learners::LearnedState> state_ = pool_.state();
};

// The share of the cap that a cost is.
double ShareOf(double cost_usd, double cap) { return std::clamp(cost_usd / cap, 0.0, 1.0); }

double CapFor(const PolicyQuestion& question, const std::vector<Row>& rows) {
  if (question.cost_cap_usd > 0) return question.cost_cap_usd;
  double dearest = 0, observed = 0;
  for (const Row& row : rows) {
    for (const Row::Arm& arm : row.arms) dearest = std::max(dearest, arm.cost_usd);
    observed = std::max(observed, row.cost_usd.value_or(0));
  }
  if (dearest > 0) return kCapOverDearest * dearest;
  return observed > 0 ? observed : 1;
}

// One policy over all decisions.
class Comparison {
 public:
  Comparison(Policy policy, std::optional<ArmId> arm, std::size_t pick)
      : policy_(std::move(policy)), arm_(arm), pick_(pick) {}

  void Add(const Row& row, double cap) {
    const std::optional<std::size_t> target = TargetIn(row);
    if (!target && policy_.kind == Policy::Kind::kArm) {
      ++left_out_;
      return;
    }
    // Of what was served the plain mean is wanted, without the help of expectations.
    const bool is_served = policy_.kind == Policy::Kind::kServed;
    std::vector<PolicyArm> arms;
    for (std::size_t i = 0; i < row.arms.size(); ++i) {
      const Row::Arm& from = row.arms[i];
      PolicyArm arm{.logged = from.probability, .expected = is_served ? 0 : from.quality};
      arm.target = TargetOf(row, i, target);
      arms.push_back(arm);
    }
    quality_.Add(arms, row.drawn, row.quality);
    for (std::size_t i = 0; i < arms.size(); ++i) {
      arms[i].expected = is_served ? 0 : ShareOf(row.arms[i].cost_usd, cap);
    }
    std::optional<double> cost;
    if (row.cost_usd) cost = ShareOf(*row.cost_usd, cap);
    cost_.Add(arms, row.drawn, cost);
  }

  PolicyResult Result(double alpha) && {
    return {std::move(policy_), quality_.Figures(alpha), cost_.Figures(alpha), left_out_};
  }

 private:
  std::optional<std::size_t> TargetIn(const Row& row) const {
    if (policy_.kind == Policy::Kind::kPreference) return row.picks[pick_];
    for (std::size_t i = 0; arm_ && i < row.arms.size(); ++i) {
      if (row.arms[i].id == *arm_) return i;
    }
    return std::nullopt;
  }
  double TargetOf(const Row& row, std::size_t i, const std::optional<std::size_t>& target) const {
    switch (policy_.kind) {
      case Policy::Kind::kServed:
        return row.arms[i].probability;
      case Policy::Kind::kUniform:
        return 1 / static_cast<double>(row.arms.size());
      case Policy::Kind::kArm:
      case Policy::Kind::kPreference:
        break;
    }
    return target == i ? 1 : 0;
  }

  Policy policy_;
  std::optional<ArmId> arm_;
  std::size_t pick_ = 0;
  PolicyEstimate quality_, cost_;
  uint64_t left_out_ = 0;
};

// Means of one of the two groups, whichever arm served.
class GroupMeans {
 public:
  void Add(const Row& row, double cap) {
    ++figures_.decisions;
    if (row.quality) {
      figures_.quality.Add(*row.quality);
      Add(*row.quality, quality_);
    }
    if (row.cost_usd) {
      figures_.cost_usd.Add(*row.cost_usd);
      Add(ShareOf(*row.cost_usd, cap), cost_);
    }
    if (row.latency_ms) figures_.latency_ms.Add(*row.latency_ms);
  }

  GroupFigures Figures(double alpha, double cap) const {
    GroupFigures figures = figures_;
    figures.quality_bounds = BoundsOf(quality_, alpha);
    const learners::Bounds cost = BoundsOf(cost_, alpha);
    figures.cost_bounds_usd = {cost.lower * cap, cost.upper * cap};
    return figures;
  }

 private:
  struct Sides {
    RobustSequence lower, upper;
  };
  static void Add(double value, Sides& sides) {
    sides.lower.Add(value);
    sides.upper.Add(1 - value);
  }
  static learners::Bounds BoundsOf(const Sides& sides, double alpha) {
    return {sides.lower.Lower(alpha / 2), 1 - sides.upper.Lower(alpha / 2)};
  }

  GroupFigures figures_;
  Sides quality_, cost_;
};

// A bound of each group at half of alpha gives one of the difference.
learners::Bounds Difference(const learners::Bounds& a, const learners::Bounds& b) {
  return {a.lower - b.upper, a.upper - b.lower};
}

// The newest rows under one share and one baseline, from the oldest of them on; empty: no row has a group.
std::span<const Row> NewestExperiment(std::span<const Row> rows) {
  const Row* newest = nullptr;
  std::size_t begin = rows.size();
  for (std::size_t i = rows.size(); i-- > 0;) {
    const Row& row = rows[i];
    if (row.group == Group::kNone) continue;
    if (newest == nullptr) newest = &row;
    const bool is_same =
        row.holdout_share == newest->holdout_share && row.holdout_arm == newest->holdout_arm;
    if (!is_same) break;
    begin = i;
  }
  return rows.subspan(begin);
}

std::optional<GroupComparison> CompareGroups(std::span<const Row> rows, double cap,
                                             const learners::LearnedState& state) {
  const std::span<const Row> experiment = NewestExperiment(rows);
  if (experiment.empty()) return std::nullopt;
  GroupMeans treated, control;
  for (const Row& row : experiment) {
    if (row.group == Group::kNone) continue;
    (row.group == Group::kControl ? control : treated).Add(row, cap);
  }
  const Row& first = experiment.front();
  GroupComparison groups;
  groups.treated = treated.Figures(kAlpha / 2, cap);
  groups.control = control.Figures(kAlpha / 2, cap);
  groups.quality_gain = Difference(groups.treated.quality_bounds, groups.control.quality_bounds);
  groups.saved_usd = Difference(groups.control.cost_bounds_usd, groups.treated.cost_bounds_usd);
  groups.first = first.time;
  groups.holdout_share = first.holdout_share;
  if (first.holdout_arm) groups.holdout_arm = NameOf(state, *first.holdout_arm);
  return groups;
}

}  // namespace

absl::StatusOr<PolicyComparison> ComparePolicies(const PoolRuntime& pool,
                                                 const storage::Storage& storage,
                                                 const PolicyQuestion& question) {
  RETURN_IF_ERROR(Check(question));
  std::vector<Comparison> comparisons;
  comparisons.emplace_back(Policy{Policy::Kind::kServed, "", {}}, std::nullopt, 0);
  std::size_t picks = 0;
  for (const Policy& policy : question.policies) {
    std::optional<ArmId> arm;
    std::size_t pick = 0;
    if (policy.kind == Policy::Kind::kPreference) pick = picks++;
    if (policy.kind == Policy::Kind::kArm) {
      arm = pool.arms().Find(NormalName(policy.arm));
      if (!arm) {
        return WithReason(NotFound("policies.arm: pool ", Quoted(pool.name()), " has no arm ",
                                   Quoted(policy.arm)),
                          reason::kArmUnknown, "policies.arm");
      }
    }
    comparisons.emplace_back(policy, arm, pick);
  }
  PolicyComparison out;
  ASSIGN_OR_RETURN(const std::vector<Row> rows, Reader(pool, storage, question).Read(out));
  out.cost_cap_usd = CapFor(question, rows);
  for (const Row& row : rows) {
    out.clipped += row.cost_usd && *row.cost_usd > out.cost_cap_usd;
    if (!row.is_usable) continue;
    for (Comparison& comparison : comparisons) comparison.Add(row, out.cost_cap_usd);
  }
  // The intervals of all policies hold together, for quality and for cost (Bonferroni).
  const double alpha = kAlpha / static_cast<double>(comparisons.size());
  for (Comparison& comparison : comparisons) {
    out.results.push_back(std::move(comparison).Result(alpha));
  }
  out.groups = CompareGroups(rows, out.cost_cap_usd, *pool.state());
  return out;
}

}  // namespace pointsman::engine
