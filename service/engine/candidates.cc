#include "service/engine/candidates.h"

#include <algorithm>

#include "base/rng.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "service/engine/validate.h"

namespace pointsman {
namespace {

constexpr std::size_t kRandomMembers = 4;
constexpr std::size_t kRejectionsShown = 20;
// A shortlist that constraints empty is widened by searching this many times as many arms.
constexpr std::size_t kWiden = 16;

absl::StatusOr<std::vector<ArmId>> Resolve(const PoolRuntime& pool, std::string_view field,
                                           const std::vector<std::string>& names) {
  std::vector<ArmId> arms;
  for (const std::string& name : names) {
    const auto arm = pool.FindArm(name);
    if (!arm) {
      return WithReason(InvalidArgument(field, ": pool ", Quoted(pool.name()), " has no arm ",
                                        Quoted(name)),
                        reason::kArmUnknown, field);
    }
    arms.push_back(*arm);
  }
  std::sort(arms.begin(), arms.end());
  return arms;
}

bool Has(const std::vector<ArmId>& sorted, ArmId arm) {
  return std::binary_search(sorted.begin(), sorted.end(), arm);
}

void SortUnique(std::vector<ArmId>& arms) {
  std::sort(arms.begin(), arms.end());
  arms.erase(std::unique(arms.begin(), arms.end()), arms.end());
}

// Those of `arms` that are active and pass.
std::vector<ArmId> Passing(const LearnedState& state, const ConstraintCheck& check,
                           const std::vector<ArmId>& arms, Rejections& rejections) {
  std::vector<ArmId> passing;
  passing.reserve(arms.size());
  for (const ArmId id : arms) {
    const Arm* arm = state.arm(id);
    if (arm == nullptr || arm->status != ArmStatus::kActive) continue;
    const std::string why = check.is_empty() ? std::string() : check.WhyNot(*arm);
    if (why.empty()) {
      passing.push_back(id);
    } else {
      rejections.Add(*arm, why);
    }
  }
  return passing;
}

std::vector<ArmId> Shortlist(const PoolRuntime& pool, const QueryContext& context,
                             std::span<const Neighbour> neighbours, std::size_t size,
                             std::size_t widen, uint64_t seed) {
  std::vector<ArmId> arms;
  if (context.is_informative) {
    for (const ArmHit& hit : pool.arm_index().Search(context.embedding(), size * widen)) {
      arms.push_back(hit.arm);
    }
  }
  const auto favourites = pool.favourites();
  arms.insert(arms.end(), favourites->begin(), favourites->end());
  for (const Neighbour& neighbour : neighbours) arms.push_back(neighbour.arm);
  const auto active = pool.active();
  Rng rng(seed);
  const std::size_t random = arms.empty() ? size : kRandomMembers;
  for (std::size_t i = 0; i < random * widen; ++i) arms.push_back((*active)[rng.Below(active->size())]);
  SortUnique(arms);
  return arms;
}

}  // namespace

absl::StatusOr<ConstraintCheck> ConstraintCheck::Make(const PoolRuntime& pool,
                                                      const Constraints& c) {
  ConstraintCheck check;
  if (c == Constraints{}) return check;
  check.constraints_ = &c;
  ASSIGN_OR_RETURN(check.allowed_, Resolve(pool, "constraints.allow_arms", c.allow_arms));
  ASSIGN_OR_RETURN(check.denied_, Resolve(pool, "constraints.deny_arms", c.deny_arms));
  return check;
}

std::string ConstraintCheck::WhyNot(const Arm& arm) const {
  if (constraints_ == nullptr) return {};
  const Constraints& c = *constraints_;
  if (!allowed_.empty() && !Has(allowed_, arm.id)) return "not in allow_arms";
  if (Has(denied_, arm.id)) return "in deny_arms";
  for (const std::string& tag : c.require_tags) {
    if (std::find(arm.tags.begin(), arm.tags.end(), tag) == arm.tags.end()) {
      return Cat("lacks tag ", Quoted(tag));
    }
  }
  if (arm.context_tokens_max > 0 && c.context_tokens > arm.context_tokens_max) {
    return Cat("context window of ", arm.context_tokens_max, " tokens");
  }
  return {};
}

std::string ConstraintCheck::WhyNot(const ArmExpectation& expected) const {
  if (constraints_ == nullptr) return {};
  const Constraints& c = *constraints_;
  if (c.max_cost_usd && expected.cost_usd > *c.max_cost_usd) {
    return Cat("expected cost of ", expected.cost_usd, " USD");
  }
  if (c.max_latency_ms && expected.latency_ms > *c.max_latency_ms) {
    return Cat("expected latency of ", expected.latency_ms, " ms");
  }
  return {};
}

void Rejections::Add(const Arm& arm, std::string_view why) {
  if (++count_ > kRejectionsShown) return;
  if (!text_.empty()) text_ += "; ";
  text_ += Cat(arm.name, ": ", why);
}

absl::Status Rejections::AsStatus(const PoolRuntime& pool) const {
  if (count_ == 0) {
    return WithReason(FailedPrecondition("pool ", Quoted(pool.name()),
                                         " has no active arm: put one, or resume a paused one"),
                      reason::kPoolEmpty);
  }
  const std::string more =
      count_ > kRejectionsShown ? Cat("; and ", count_ - kRejectionsShown, " more") : "";
  return WithReason(FailedPrecondition("no arm of pool ", Quoted(pool.name()),
                                       " meets the constraints: ", text_, more),
                    reason::kNoArmPasses, "constraints");
}

absl::StatusOr<std::vector<ArmId>> GatherCandidates(const PoolRuntime& pool,
                                                    const LearnedState& state,
                                                    const QueryContext& context,
                                                    const ConstraintCheck& check,
                                                    std::span<const Neighbour> neighbours,
                                                    uint64_t seed, Rejections& rejections) {
  const auto active = pool.active();
  const std::size_t size = state.pool().settings.shortlist_size;
  std::vector<ArmId> passing;
  if (active->size() <= size) {
    passing = Passing(state, check, *active, rejections);
  } else if (!check.allowed().empty() && check.allowed().size() <= size) {
    passing = Passing(state, check, check.allowed(), rejections);
  } else {
    for (const std::size_t widen : {std::size_t{1}, kWiden}) {
      passing = Passing(state, check, Shortlist(pool, context, neighbours, size, widen, seed),
                        rejections);
      if (!passing.empty()) break;
    }
    if (passing.empty()) {  // constraints that few arms meet: look at all, keep the first ones
      passing = Passing(state, check, *active, rejections);
      if (passing.size() > size) passing.resize(size);
    }
  }
  if (passing.empty()) return rejections.AsStatus(pool);
  return passing;
}

}  // namespace pointsman
