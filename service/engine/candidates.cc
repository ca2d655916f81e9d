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
constexpr std::size_t kNameShown = 128;
// Some of the 1300 bytes that an error may have (service/status.cc).
constexpr std::size_t kRejectionBytesMax = 900;
// A shortlist that constraints empty is widened by searching this many times as many arms.
constexpr std::size_t kWiden = 16;

void SortUnique(std::vector<ArmId>& arms) {
  std::sort(arms.begin(), arms.end());
  arms.erase(std::unique(arms.begin(), arms.end()), arms.end());
}

absl::StatusOr<std::vector<ArmId>> Resolve(const PoolRuntime& pool, std::string_view field,
                                           const std::vector<std::string>& names) {
  std::vector<ArmId> arms;
  for (const std::string& name : names) {
    const auto arm = pool.FindArm(name);
    if (!arm) {
      return WithReason(
          InvalidArgument(field, ": pool ", Quoted(pool.name()), " has no arm ", Quoted(name)),
          reason::kArmUnknown, field);
    }
    arms.push_back(*arm);
  }
  SortUnique(arms);
  return arms;
}

bool Has(const std::vector<ArmId>& sorted, ArmId arm) {
  return std::binary_search(sorted.begin(), sorted.end(), arm);
}

// Any `size` of the arms, by the seed.
std::vector<ArmId> Some(std::vector<ArmId> arms, std::size_t size, uint64_t seed) {
  Rng rng(seed);
  for (std::size_t i = 0; i < size; ++i) std::swap(arms[i], arms[i + rng.Below(arms.size() - i)]);
  arms.resize(size);
  SortUnique(arms);
  return arms;
}

// Those of `arms` that are active and pass; `rejections` then says why the others do not.
std::vector<ArmId> Passing(const LearnedState& state, const ConstraintCheck& check,
                           double input_tokens, const std::vector<ArmId>& arms,
                           Rejections& rejections) {
  rejections = {};
  std::vector<ArmId> passing;
  passing.reserve(arms.size());
  for (const ArmId id : arms) {
    const Arm* arm = state.arm(id);
    if (arm == nullptr || arm->status != ArmStatus::kActive) continue;
    std::string why;
    if (!check.is_empty()) why = check.WhyNot(*arm, state, input_tokens);
    if (why.empty()) {
      passing.push_back(id);
    } else {
      rejections.Add(*arm, why);
    }
  }
  return passing;
}

std::vector<ArmId> Shortlist(const PoolRuntime& pool, const std::vector<ArmId>& active,
                             const QueryContext& context, std::span<const Neighbour> neighbours,
                             std::size_t size, std::size_t widen, uint64_t seed) {
  std::vector<ArmId> arms;
  if (context.is_informative) {
    for (const ArmHit& hit : pool.arm_index().Search(context.embedding(), size * widen)) {
      arms.push_back(hit.arm);
    }
  }
  const auto favourites = pool.favourites();
  arms.insert(arms.end(), favourites->begin(), favourites->end());
  for (const Neighbour& neighbour : neighbours) arms.push_back(neighbour.arm);
  Rng rng(seed);
  const std::size_t random = arms.empty() ? size : kRandomMembers;
  for (std::size_t i = 0; i < random * widen; ++i) arms.push_back(active[rng.Below(active.size())]);
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

std::string ConstraintCheck::WhyNot(const Arm& arm, const LearnedState& state,
                                    double input_tokens) const {
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
  if (c.max_cost_usd) {
    const double cost_usd = state.ExpectCall(arm, {.context = {}, .input_tokens = input_tokens}).cost_usd;
    if (cost_usd > *c.max_cost_usd) return Cat("expected cost of ", cost_usd, " USD");
  }
  if (c.max_latency_ms) {
    const double latency_ms = state.ExpectCall(arm, {.context = {}, .input_tokens = input_tokens}).latency_ms;
    if (latency_ms > *c.max_latency_ms) return Cat("expected latency of ", latency_ms, " ms");
  }
  return {};
}

void Rejections::Add(const Arm& arm, std::string_view why) {
  ++count_;
  if (shown_ == kRejectionsShown || text_.size() > kRejectionBytesMax) return;
  ++shown_;
  if (!text_.empty()) text_ += "; ";
  text_ += Cat(OneLine(arm.name, kNameShown), ": ", why);
}

absl::Status Rejections::AsStatus(const PoolRuntime& pool) const {
  if (count_ == 0) {
    return WithReason(FailedPrecondition("pool ", Quoted(pool.name()),
                                         " has no active arm: put one, or resume a paused one"),
                      reason::kPoolEmpty);
  }
  const std::string more = count_ > shown_ ? Cat("; and ", count_ - shown_, " more") : "";
  return WithReason(FailedPrecondition("no arm of pool ", Quoted(pool.name()),
                                       " meets the constraints: ", text_, more),
                    reason::kNoArmPasses, "constraints");
}

absl::StatusOr<std::vector<ArmId>> GatherCandidates(
    const PoolRuntime& pool, const LearnedState& state, const QueryContext& context,
    const ConstraintCheck& check, std::span<const Neighbour> neighbours, uint64_t seed) {
  Rejections rejections;
  const auto active = pool.active();
  const std::size_t size = state.pool().settings.shortlist_size;
  const auto pass = [&](const std::vector<ArmId>& arms) {
    return Passing(state, check, context.input_tokens, arms, rejections);
  };
  std::vector<ArmId> passing;
  if (active->size() <= size) {
    passing = pass(*active);
  } else if (!check.allowed().empty() && check.allowed().size() <= size) {
    passing = pass(check.allowed());
  } else {
    for (const std::size_t widen : {std::size_t{1}, kWiden}) {
      passing = pass(Shortlist(pool, *active, context, neighbours, size, widen, seed));
      if (!passing.empty()) break;
    }
    if (passing.empty()) {  // constraints that few arms meet: look at all
      passing = pass(*active);
      if (passing.size() > size) passing = Some(std::move(passing), size, seed);
    }
  }
  if (passing.empty()) return rejections.AsStatus(pool);
  return passing;
}

}  // namespace pointsman
