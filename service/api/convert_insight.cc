#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/outcome_fields.h"
#include "engine/request/query_text.h"
#include "engine/request/validate.h"
#include "service/api/convert.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kTextShownMax = 200;

// A page's token: where it ended, as TIME:DECISION_ID.
std::string TokenOf(const DecisionPosition& position) {
  return Cat(position.time, ":", position.decision_id);
}

absl::StatusOr<std::optional<DecisionPosition>> ReadToken(const std::string& token) {
  std::optional<DecisionPosition> position;
  if (token.empty()) return position;
  const std::size_t colon = token.find(':');
  position.emplace();
  const char* const end = token.data() + std::min(colon, token.size());
  const auto parsed = std::from_chars(token.data(), end, position->time);
  if (colon == std::string::npos || parsed.ec != std::errc() || parsed.ptr != end) {
    return engine::BadField("page_token", "is not a token returned by this call");
  }
  position->decision_id = token.substr(colon + 1);
  return position;
}

}  // namespace

void FillProto(const engine::Sums& sums, v1::Sums& out) {
  out.set_count(sums.count);
  out.set_sum(sums.sum);
  out.set_sum_of_squares(sums.sum_of_squares);
}

absl::StatusOr<Micros> TimeFromProto(std::string_view field, int64_t unix_ms) {
  if (unix_ms >= 0 && unix_ms <= INT64_MAX / kMicrosPerMs) return unix_ms * kMicrosPerMs;
  return engine::BadField(field, Cat("must be a time in ms since 1970, got ", unix_ms));
}

v1::GetHistoryResponse ToProto(const engine::History& history) {
  v1::GetHistoryResponse out;
  out.set_step_s(history.step / kMicrosPerSecond);
  out.set_first_unix_ms(history.first / kMicrosPerMs);
  for (const engine::HistoryBucket& bucket : history.buckets) {
    auto* shown = out.add_buckets();
    shown->set_start_unix_ms(bucket.start / kMicrosPerMs);
    shown->set_decisions(bucket.decisions);
    shown->set_explored(bucket.explored);
    shown->set_first_feedback(bucket.first_feedback);
    FillProto(bucket.lag_s, *shown->mutable_feedback_lag_s());
    FillProto(bucket.saved_usd, *shown->mutable_saved_usd());
    for (const auto& [id, name] : history.names) {
      const auto arm = bucket.arms.find(id);
      if (arm == bucket.arms.end()) continue;
      auto* of_arm = shown->add_arms();
      of_arm->set_arm(name);
      of_arm->set_decisions(arm->second.decisions);
      FillProto(arm->second.quality, *of_arm->mutable_quality());
      FillProto(arm->second.cost_usd, *of_arm->mutable_cost_usd());
      FillProto(arm->second.latency_ms, *of_arm->mutable_latency_ms());
      of_arm->set_calls(arm->second.calls);
      of_arm->set_failed(arm->second.failed);
    }
  }
  return out;
}

absl::StatusOr<engine::DecisionQuery> FromProto(const v1::ListDecisionsRequest& request) {
  if (!v1::FeedbackFilter_IsValid(request.feedback())) {
    return engine::BadField("feedback", Cat("unknown filter ", request.feedback()));
  }
  engine::DecisionQuery query;
  query.arm = request.arm();
  ASSIGN_OR_RETURN(query.from, TimeFromProto("from_unix_ms", request.from_unix_ms()));
  ASSIGN_OR_RETURN(query.before, TimeFromProto("before_unix_ms", request.before_unix_ms()));
  query.feedback = static_cast<engine::FeedbackFilter>(request.feedback());
  if (request.has_quality_min()) query.quality_min = request.quality_min();
  if (request.has_quality_max()) query.quality_max = request.quality_max();
  query.text = request.text();
  query.page_size = request.page_size();
  ASSIGN_OR_RETURN(query.after, ReadToken(request.page_token()));
  return query;
}

v1::ListDecisionsResponse ToProto(const engine::DecisionPage& page) {
  v1::ListDecisionsResponse out;
  out.set_searched(page.searched);
  if (page.next) out.set_next_page_token(TokenOf(*page.next));
  for (const engine::FoundDecision& found : page.decisions) {
    const Decision& decision = found.decision;
    auto* shown = out.add_decisions();
    shown->set_decision_id(decision.id);
    shown->set_time_unix_ms(decision.time / kMicrosPerMs);
    shown->set_arm(found.arm);
    shown->set_propensity(decision.chosen.front().propensity);
    shown->set_is_best(found.is_best);
    shown->set_mode(static_cast<v1::Mode>(decision.mode));
    shown->set_group(static_cast<v1::Group>(decision.group));
    shown->set_candidates(static_cast<uint32_t>(decision.candidates.size()));
    shown->set_query_text(engine::HeadAndTail(decision.query_text, kTextShownMax));
    for (const Candidate& candidate : decision.candidates) {
      if (candidate.arm != decision.chosen.front().arm) continue;
      FillProto(candidate.expected, *shown->mutable_expected());
    }
    if (found.outcome) {
      shown->mutable_outcome()->set_arm(found.outcome->first);
      FillOutcome(found.outcome->second, *shown->mutable_outcome());
    }
  }
  return out;
}

v1::TryPreferencesResponse ToProto(const engine::TriedPreferences& tried) {
  v1::TryPreferencesResponse out;
  out.set_decisions(tried.decisions);
  out.set_first_unix_ms(tried.first / kMicrosPerMs);
  *out.mutable_preference() = ToProto(tried.preference);
  for (const engine::PreferenceResult& result : tried.results) {
    auto* shown = out.add_results();
    *shown->mutable_preference() = ToProto(result.preference);
    for (const auto& [arm, share] : result.arms) {
      auto* of_arm = shown->add_arms();
      of_arm->set_arm(arm);
      of_arm->set_share(share);
    }
    FillProto(result.quality, *shown->mutable_quality());
    FillProto(result.cost_usd, *shown->mutable_cost_usd());
    FillProto(result.latency_ms, *shown->mutable_latency_ms());
  }
  return out;
}

v1::TryQueryResponse ToProto(const engine::TriedQuery& tried) {
  v1::TryQueryResponse out;
  FillProto(tried.decision, *out.mutable_decision());
  *out.mutable_preference() = ToProto(tried.preference);
  out.set_cost_scale_usd(tried.cost_scale_usd);
  out.set_latency_scale_ms(tried.latency_scale_ms);
  for (const engine::UtilityParts& parts : tried.parts) {
    auto* shown = out.add_parts();
    shown->set_arm(parts.arm);
    shown->set_quality(parts.quality);
    shown->set_cost(parts.cost);
    shown->set_latency(parts.latency);
  }
  for (const engine::SimilarQuery& similar : tried.neighbours) {
    auto* shown = out.add_neighbours();
    shown->set_similarity(similar.neighbour.similarity);
    shown->set_arm(similar.arm);
    shown->set_quality(similar.neighbour.quality);
    shown->set_weight(similar.neighbour.weight);
    shown->set_sequence(similar.neighbour.sequence);
    shown->set_decision_id(similar.decision_id);
    shown->set_query_text(engine::HeadAndTail(similar.query_text, kTextShownMax));
    shown->set_time_unix_ms(similar.time / kMicrosPerMs);
  }
  return out;
}

v1::ListQueryGroupsResponse ToProto(const engine::QueryGroups& groups) {
  v1::ListQueryGroupsResponse out;
  out.set_outcomes(groups.outcomes);
  out.set_has_words(groups.has_words);
  for (const engine::QueryGroup& group : groups.groups) {
    auto* shown = out.add_groups();
    shown->set_share(group.share);
    for (const std::string& word : group.words) shown->add_words(word);
    for (const std::string& example : group.examples) shown->add_examples(example);
    for (const auto& [arm, quality] : group.arms) {
      auto* of_arm = shown->add_arms();
      of_arm->set_arm(arm);
      FillProto(quality, *of_arm->mutable_quality());
    }
  }
  return out;
}

}  // namespace pointsman::service
