#include "engine/inspect/decision_search.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "engine/inspect/recorded_decisions.h"
#include "engine/request/arm_name.h"
#include "engine/request/decision_facts.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

constexpr uint32_t kPageSize = 50;

absl::Status CheckQuery(const DecisionQuery& query) {
  if (query.page_size > kDecisionPageMax) {
    return BadField("page_size",
                    Cat("must be at most ", kDecisionPageMax, ", got ", query.page_size));
  }
  const auto is_quality = [](const std::optional<double>& quality) {
    return !quality || (*quality >= 0 && *quality <= 1);
  };
  if (!is_quality(query.quality_min)) return BadField("quality_min", "must be from 0 to 1");
  if (!is_quality(query.quality_max)) return BadField("quality_max", "must be from 0 to 1");
  if (query.before != 0 && query.before <= query.from) {
    return BadField("before_unix_ms", "must be after from_unix_ms");
  }
  return absl::OkStatus();
}

bool HasQuality(const DecisionQuery& query, const std::optional<std::pair<ArmId, Outcome>>& found) {
  if (!query.quality_min && !query.quality_max) return true;
  if (!found || !found->second.quality) return false;
  return *found->second.quality >= query.quality_min.value_or(0) &&
         *found->second.quality <= query.quality_max.value_or(1);
}

bool HasFeedback(FeedbackFilter filter, const std::optional<std::pair<ArmId, Outcome>>& found) {
  switch (filter) {
    case FeedbackFilter::kAny:
      return true;
    case FeedbackFilter::kTold:
      return found.has_value();
    case FeedbackFilter::kSilent:
      return !found.has_value();
    case FeedbackFilter::kFailed:
      return found && found->second.error.value_or(false);
  }
  return false;
}

}  // namespace

absl::StatusOr<DecisionPage> SearchDecisions(const PoolRuntime& pool,
                                             const storage::Storage& storage,
                                             const DecisionQuery& query, Micros now) {
  RETURN_IF_ERROR(CheckQuery(query));
  const auto state = pool.state();
  std::optional<ArmId> arm;
  if (!query.arm.empty()) {
    arm = pool.arms().Find(NormalName(query.arm));
    if (!arm) {
      return WithReason(
          NotFound("arm: pool ", Quoted(pool.name()), " has no arm ", Quoted(query.arm)),
          reason::kArmUnknown, "arm");
    }
  }
  const std::size_t most = query.page_size == 0 ? kPageSize : query.page_size;
  DecisionPosition begin{query.before == 0 ? now + 1 : query.before, ""};
  if (query.after) begin = std::min(begin, *query.after);
  DecisionPage page;
  const auto visit = [&](const DecisionPosition& position,
                         std::optional<Decision> decision) -> absl::StatusOr<bool> {
    if (position.time < query.from) {
      page.next.reset();
      return false;
    }
    ++page.searched;
    page.next = position;
    const bool goes_on = page.searched < kSearchedMax;
    if (!decision) return goes_on;
    if (arm && decision->chosen.front().arm != *arm) return goes_on;
    if (!ContainsIgnoringCase(decision->query_text, query.text)) return goes_on;
    ASSIGN_OR_RETURN(const auto outcome, OutcomeOf(*storage.log, *decision));
    if (!HasFeedback(query.feedback, outcome) || !HasQuality(query, outcome)) return goes_on;
    FoundDecision found;
    found.arm = NameOf(*state, decision->chosen.front().arm);
    found.is_best = TookBest(*decision);
    if (outcome) found.outcome.emplace(NameOf(*state, outcome->first), outcome->second);
    found.decision = *std::move(decision);
    page.decisions.push_back(std::move(found));
    return goes_on && page.decisions.size() < most;
  };
  bool is_all = true;
  RETURN_IF_ERROR(
      ForEachNewest(*storage.decisions, pool.id(), begin,
                    [&](const DecisionPosition& position, std::optional<Decision> decision) {
                      auto goes_on = visit(position, std::move(decision));
                      is_all = goes_on.ok() && (*goes_on || !page.next);
                      return goes_on;
                    }));
  if (is_all) page.next.reset();
  return page;
}

absl::StatusOr<TriedPreferences> TryPreferences(const PoolRuntime& pool,
                                                const storage::DecisionStore& decisions,
                                                std::span<const Preference> preferences,
                                                uint32_t count) {
  if (preferences.empty() || preferences.size() > kTriedPreferencesMax) {
    return BadField("preferences",
                    Cat("must be 1 to ", kTriedPreferencesMax, ", got ", preferences.size()));
  }
  if (count > kTriedDecisionsMax) {
    return BadField("decisions", Cat("must be at most ", kTriedDecisionsMax, ", got ", count));
  }
  const auto state = pool.state();
  const PoolSettings& settings = state->pool().settings;
  TriedPreferences tried;
  tried.preference = Normalised(settings.default_preference);
  std::vector<std::map<ArmId, uint32_t>> chosen(preferences.size());
  for (const Preference& preference : preferences) {
    if (auto status = ValidatePreference(preference); !status.ok()) {
      return BadField("preferences", std::string(ToStd(status.message())));
    }
    tried.results.push_back({.preference = Normalised(preference)});
  }
  const uint32_t most = count == 0 ? kTriedDecisionsMax : count;
  std::size_t searched = 0;
  RETURN_IF_ERROR(
      ForEachNewest(decisions, pool.id(), DecisionPosition{std::numeric_limits<Micros>::max(), ""},
                    [&](const DecisionPosition& position,
                        const std::optional<Decision>& decision) -> absl::StatusOr<bool> {
                      const bool goes_on = ++searched < kSearchedMax;
                      if (!decision || decision->candidates.empty()) return goes_on;
                      for (std::size_t i = 0; i < tried.results.size(); ++i) {
                        PreferenceResult& result = tried.results[i];
                        const Candidate& best =
                            decision->candidates[BestUnder(*decision, settings, result.preference)];
                        ++chosen[i][best.arm];
                        result.quality.Add(best.expected.quality);
                        if (const auto cost = best.expected.KnownCost()) result.cost_usd.Add(*cost);
                        if (const auto ms = best.expected.KnownLatency())
                          result.latency_ms.Add(*ms);
                      }
                      tried.first = position.time;
                      return ++tried.decisions < most && goes_on;
                    }));
  for (std::size_t i = 0; i < tried.results.size(); ++i) {
    auto& arms = tried.results[i].arms;
    for (const auto& [arm, times] : chosen[i]) {
      arms.emplace_back(NameOf(*state, arm), static_cast<double>(times) / tried.decisions);
    }
    std::stable_sort(arms.begin(), arms.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
  }
  return tried;
}

}  // namespace pointsman::engine
