#include "engine/route/candidates.h"

#include <algorithm>

#include "base/rng.h"
#include "base/sort_unique.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kRandomMembers = 4;
constexpr std::size_t kNameShown = 128;
// Some of the 1300 bytes that an error may have (service/api/status.cc).
constexpr std::size_t kReasonBytesMax = 750;
constexpr std::size_t kUnknownShown = 10;
constexpr std::size_t kNotCandidatesMax = 1000;
// Up to this many passing arms are compared one by one if others do not pass. Of more, the description index is
// searched for kWiden times as many arms as needed, and those that do not pass are left out.
constexpr std::size_t kComparedMax = 4096;
constexpr std::size_t kWiden = 16;

struct Resolved {
  std::vector<ArmId> arms;
  std::string unknown;  // names of no living arm, as text; empty: all are known
};

Resolved Resolve(const PoolRuntime& pool, const learners::LearnedState& state,
                 const std::vector<std::string>& names) {
  Resolved resolved;
  std::size_t unknown = 0;
  for (const std::string& name : names) {
    const auto id = pool.arms().Find(name);
    const Arm* arm = id ? state.arm(*id) : nullptr;
    if (arm != nullptr && arm->status != ArmStatus::kRemoved) {
      resolved.arms.push_back(*id);
    } else if (++unknown <= kUnknownShown) {
      resolved.unknown += Cat(unknown == 1 ? "" : ", ", Quoted(name, 40));
    }
  }
  if (unknown > kUnknownShown) resolved.unknown += Cat(" and ", unknown - kUnknownShown, " more");
  SortUnique(resolved.arms);
  return resolved;
}

absl::Status Unknown(const PoolRuntime& pool, std::string_view field, const Resolved& resolved) {
  return WithReason(
      InvalidArgument(field, ": pool ", Quoted(pool.name()), " has no arm ", resolved.unknown),
      reason::kArmUnknown, field);
}

std::string Ignored(const PoolRuntime& pool, std::string_view field, const Resolved& resolved) {
  return Cat(field, ": pool ", Quoted(pool.name()), " has no arm ", resolved.unknown, "; ignored");
}

bool Has(std::span<const ArmId> sorted, ArmId arm) {
  return std::binary_search(sorted.begin(), sorted.end(), arm);
}

using Hits = std::vector<retrieval::ArmHit>;

// Those of `arms` that are active and pass the check.
std::vector<ArmId> Passing(const learners::LearnedState& state, const ArmCheck& check,
                           std::span<const ArmId> arms) {
  std::vector<ArmId> passing;
  passing.reserve(arms.size());
  for (const ArmId id : arms) {
    const Arm* arm = state.arm(id);
    if (arm == nullptr || arm->status != ArmStatus::kActive) continue;
    if (check.WhyNot(*arm).empty()) passing.push_back(id);
  }
  return passing;
}

// The first `size` hits, without those whose similarity equals that of the hit after them.
void CutAt(std::size_t size, Hits& hits) {
  if (hits.size() <= size) return;
  const float beyond = hits[size].similarity;
  hits.resize(size);
  while (!hits.empty() && !(hits.back().similarity > beyond)) hits.pop_back();
}

// The arms with the most similar descriptions among `passing`.
Hits Nearest(const PoolRuntime& pool, std::span<const float> query, std::span<const ArmId> passing,
             bool is_all, std::size_t size) {
  Hits hits;
  if (!is_all && passing.size() <= kComparedMax) {
    const auto matches = pool.descriptions().MatchesOf(query);
    for (const ArmId id : passing) {
      const float similarity = matches.Of(id).similarity;
      if (similarity != 0) hits.push_back({id, similarity});
    }
    const std::size_t kept = std::min(size + 1, hits.size());
    std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(kept), hits.end(),
                      [](const retrieval::ArmHit& a, const retrieval::ArmHit& b) {
                        return a.similarity > b.similarity;
                      });
    hits.resize(kept);
  } else {
    hits = pool.descriptions().search().Search(query, is_all ? size + 1 : size * kWiden);
    std::erase_if(hits, [&](const retrieval::ArmHit& hit) { return !Has(passing, hit.arm); });
  }
  CutAt(size, hits);
  return hits;
}

// The members of a shortlist that are candidates by right, sorted.
std::vector<ArmId> ByRight(const PoolRuntime& pool, const learners::LearnedState& state,
                           const QueryContext& context, std::span<const Neighbour> neighbours,
                           std::span<const ArmId> passing, bool is_all) {
  std::vector<ArmId> arms;
  if (context.is_informative) {
    const std::size_t size = state.pool().settings.shortlist_size;
    for (const auto& hit : Nearest(pool, context.embedding(), passing, is_all, size)) {
      arms.push_back(hit.arm);
    }
  }
  const auto standing = pool.standing_arms().get();
  arms.insert(arms.end(), standing->begin(), standing->end());
  if (!is_all &&
      passing.size() <= kComparedMax) {  // few of the pool's favourites may be among them
    const auto best = HighestLevels(state, {passing.begin(), passing.end()}, kFavouritesMax);
    arms.insert(arms.end(), best.begin(), best.end());
  }
  for (const Neighbour& neighbour : neighbours) arms.push_back(neighbour.arm);
  const PoolSettings& settings = state.pool().settings;
  if (settings.holdout_share > 0 && !settings.holdout_arm.empty()) {
    if (const auto baseline = pool.arms().Find(settings.holdout_arm)) arms.push_back(*baseline);
  }
  SortUnique(arms);
  std::erase_if(arms, [&](ArmId id) { return !Has(passing, id); });
  return arms;
}

// `by_right`, and some of the other passing arms at random.
Gathered Shortlist(std::vector<ArmId> by_right, std::span<const ArmId> passing, std::size_t size,
                   uint64_t seed) {
  const std::size_t rest = passing.size() - by_right.size();
  const std::size_t count = std::min(rest, by_right.empty() ? size : kRandomMembers);
  const double inclusion = rest == 0 ? 1 : static_cast<double>(count) / static_cast<double>(rest);
  Gathered gathered;
  gathered.arms = by_right;
  Rng rng(seed);
  for (std::size_t drawn = 0; drawn < count;) {
    const ArmId id = passing[rng.Below(passing.size())];
    const auto begin = gathered.arms.begin() + static_cast<std::ptrdiff_t>(by_right.size());
    if (Has(by_right, id) || std::find(begin, gathered.arms.end(), id) != gathered.arms.end()) {
      continue;
    }
    gathered.arms.push_back(id);
    ++drawn;
  }
  SortUnique(gathered.arms);
  for (const ArmId id : gathered.arms) {
    gathered.inclusion.push_back(Has(by_right, id) ? 1 : inclusion);
  }
  return gathered;
}

template <class Act>
void ForLiving(const learners::LearnedState& state, Act act) {
  for (std::size_t i = 0; i < state.arm_count(); ++i) {
    const Arm* arm = state.arm(static_cast<ArmId>(i));
    if (arm != nullptr && arm->status != ArmStatus::kRemoved) act(*arm);
  }
}

// The error if no arm passes: "a: why; b: why; and 3 more".
absl::Status NonePasses(const PoolRuntime& pool, const learners::LearnedState& state,
                        const ArmCheck& check) {
  std::string text;
  std::size_t active = 0, more = 0;
  ForLiving(state, [&](const Arm& arm) {
    active += arm.status == ArmStatus::kActive;
    if (text.size() > kReasonBytesMax) {
      ++more;
      return;
    }
    text += Cat(text.empty() ? "" : "; ", OneLine(arm.name, kNameShown), ": ", check.WhyNot(arm));
  });
  if (more > 0) text += Cat("; and ", more, " more");
  if (active == 0) {
    return WithReason(FailedPrecondition("pool ", Quoted(pool.name()), " has no active arm",
                                         text.empty() ? "" : Cat(" (", text, ")"),
                                         ": add one with `arm add`, or resume a paused arm"),
                      reason::kPoolEmpty);
  }
  return WithReason(
      FailedPrecondition("no arm of pool ", Quoted(pool.name()), " can take this request: ", text),
      reason::kNoArmPasses, "constraints");
}

}  // namespace

absl::StatusOr<NamedArms> ResolveArms(const PoolRuntime& pool, const learners::LearnedState& state,
                                      const Constraints& c) {
  NamedArms named;
  if (c.allow_arms.empty() && c.deny_arms.empty()) return named;
  const bool is_strict = state.pool().settings.strict_names;
  Resolved allowed = Resolve(pool, state, c.allow_arms);
  Resolved denied = Resolve(pool, state, c.deny_arms);
  if (!allowed.unknown.empty()) {
    if (is_strict || allowed.arms.empty()) {
      return Unknown(pool, "constraints.allow_arms", allowed);
    }
    named.notes.push_back(Ignored(pool, "constraints.allow_arms", allowed));
  }
  if (!denied.unknown.empty()) {
    if (is_strict) return Unknown(pool, "constraints.deny_arms", denied);
    named.notes.push_back(Ignored(pool, "constraints.deny_arms", denied));
  }
  named.allowed = std::move(allowed.arms);
  named.denied = std::move(denied.arms);
  return named;
}

ArmCheck::ArmCheck(const learners::LearnedState& state, const RouteInput& input,
                   const QueryContext& context, const learners::QueryView& query, NamedArms named)
    : state_(state),
      constraints_(input.constraints),
      query_(query),
      named_(std::move(named)),
      max_output_tokens_(input.max_output_tokens),
      has_limits_(constraints_.max_cost_usd || constraints_.max_latency_ms) {
  for (const std::string& tag : constraints_.require_tags) tags_.push_back(NormalName(tag));
  const int64_t told =
      constraints_.context_tokens > 0 ? constraints_.context_tokens : input.input_tokens;
  is_counted_ = told > 0;
  tokens_ = is_counted_ ? static_cast<double>(told) : context.input_tokens_at_most;
}

bool ArmCheck::PassesAll(const ActiveArms& active) const {
  if (active.as_of != state_.arms_version()) return false;  // one of them has just changed
  if (!named_.allowed.empty() || !named_.denied.empty() || !tags_.empty() || has_limits_)
    return false;
  if (state_.any_rate_limited_until() > query_.now) return false;
  if (active.output_tokens_least > 0 && max_output_tokens_ > active.output_tokens_least)
    return false;
  if (active.context_tokens_least == 0) return true;
  return !looks_at_learned_tokens_ && tokens_ + static_cast<double>(max_output_tokens_) <=
                                          static_cast<double>(active.context_tokens_least);
}

std::string ArmCheck::WhyNot(const Arm& arm) const {
  if (arm.status == ArmStatus::kPaused) return "paused";
  if (!named_.allowed.empty() && !Has(named_.allowed, arm.id)) return "not in allow_arms";
  if (Has(named_.denied, arm.id)) return "in deny_arms";
  for (const std::string& tag : tags_) {
    const bool has_it = std::any_of(arm.tags.begin(), arm.tags.end(),
                                    [&](const std::string& own) { return IsSameName(own, tag); });
    if (!has_it) return Cat("lacks tag ", Quoted(tag));
  }
  if (const Micros until = state_.RateLimitedUntil(arm.id); until > query_.now) {
    const Micros seconds = (until - query_.now + kMicrosPerSecond - 1) / kMicrosPerSecond;
    return Cat("rate limited for another ", seconds, " s");
  }
  if (arm.output_tokens_max > 0 && max_output_tokens_ > arm.output_tokens_max) {
    return Cat("its output_tokens_max is ", arm.output_tokens_max,
               ", below the request's max_output_tokens ", max_output_tokens_);
  }
  const bool looks_at_tokens =
      looks_at_learned_tokens_ && !is_counted_ && arm.context_tokens_max > 0;
  ArmExpectation expected;
  if (has_limits_ || looks_at_tokens) expected = state_.ExpectCall(arm, query_);
  std::string why = WhyNoRoom(arm, looks_at_tokens ? expected.input_tokens : 0);
  if (why.empty() && has_limits_) why = WhyOverLimit(constraints_, expected);
  return why;
}

std::string ArmCheck::WhyNoRoom(const Arm& arm, double learned_tokens) const {
  if (arm.context_tokens_max == 0) return {};
  const double input = is_counted_ ? tokens_ : std::max(tokens_, learned_tokens);
  const double all = input + static_cast<double>(max_output_tokens_);
  if (all <= static_cast<double>(arm.context_tokens_max)) return {};
  const std::string output =
      max_output_tokens_ == 0 ? "" : Cat(" and ", max_output_tokens_, " output");
  return Cat("context window of ", arm.context_tokens_max, " tokens is too small for ",
             is_counted_ ? "" : "up to ", static_cast<int64_t>(input), " input", output, " tokens");
}

bool ArmCheck::IsOutgrown(const Arm& arm, const ArmExpectation& expected) const {
  return !looks_at_learned_tokens_ && !is_counted_ &&
         !WhyNoRoom(arm, expected.input_tokens).empty();
}

std::string WhyOverLimit(const Constraints& c, const ArmExpectation& expected) {
  if (c.max_cost_usd) {
    if (const auto cost = expected.KnownCost(); cost && *cost > *c.max_cost_usd) {
      return Cat("expected cost of ", *cost, " USD is over ", *c.max_cost_usd);
    }
    if (!expected.is_cost_known && !c.allow_unknown) return "cost unknown";
  }
  if (c.max_latency_ms) {
    if (const auto latency = expected.KnownLatency(); latency && *latency > *c.max_latency_ms) {
      return Cat("expected latency of ", *latency, " ms is over ", *c.max_latency_ms);
    }
    if (!expected.is_latency_known && !c.allow_unknown) return "latency unknown";
  }
  return {};
}

absl::StatusOr<Gathered> GatherCandidates(const PoolRuntime& pool,
                                          const learners::LearnedState& state,
                                          const QueryContext& context, const ArmCheck& check,
                                          std::span<const Neighbour> neighbours, uint64_t seed) {
  const auto active = pool.arms().active();
  const std::size_t size = state.pool().settings.shortlist_size;
  const bool is_all = active->ids.size() > size && check.PassesAll(*active);
  std::vector<ArmId> looked_at;
  if (!is_all) {
    looked_at = Passing(state, check, check.allowed().empty() ? active->ids : check.allowed());
    if (looked_at.empty()) return NonePasses(pool, state, check);
  }
  const std::span<const ArmId> passing = is_all ? active->ids : looked_at;
  if (passing.size() <= size) {
    return Gathered{std::move(looked_at), std::vector<double>(passing.size(), 1.0)};
  }
  return Shortlist(ByRight(pool, state, context, neighbours, passing, is_all), passing, size, seed);
}

std::vector<RejectedArm> NotCandidates(const learners::LearnedState& state, const ArmCheck& check,
                                       std::span<const ArmId> candidates) {
  constexpr std::string_view kNotLookedAt = "not in the shortlist";
  std::vector<RejectedArm> rejected, rest;
  std::size_t rejected_count = 0, rest_count = 0;
  ForLiving(state, [&](const Arm& arm) {
    if (Has(candidates, arm.id)) return;
    std::string why = check.WhyNot(arm);
    if (why.empty()) {
      if (++rest_count <= kNotCandidatesMax) rest.push_back({arm.name, std::string(kNotLookedAt)});
    } else if (++rejected_count <= kNotCandidatesMax) {
      rejected.push_back({arm.name, std::move(why)});
    }
  });
  if (rejected_count + rest_count <= kNotCandidatesMax) {
    rejected.insert(rejected.end(), rest.begin(), rest.end());
    return rejected;
  }
  const std::size_t places = kNotCandidatesMax - (rest_count > 0 ? 1 : 0);
  if (rejected_count > places) {
    rejected.resize(places - 1);
    rejected.push_back({"", Cat(rejected_count - (places - 1), " more arms do not pass")});
  }
  if (rest_count > 0)
    rejected.push_back({"", Cat(rest_count, " arms pass the constraints but were ", kNotLookedAt)});
  return rejected;
}

}  // namespace pointsman::engine
