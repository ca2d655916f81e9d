#include "service/api/convert.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "domain/outcome_fields.h"
#include "engine/request/clamp.h"
#include "engine/request/validate.h"

namespace pointsman::service {
namespace {

absl::Status CheckErrorKind(std::string_view field, int kind) {
  if (v1::ErrorKind_IsValid(kind)) return absl::OkStatus();
  return engine::BadField(field, Cat("unknown error kind ", kind));
}

engine::AttemptInput FromProto(const v1::Attempt& message) {
  engine::AttemptInput attempt{message.arm(), {}};
  Outcome& o = attempt.outcome;
  if (message.has_latency_ms()) o.latency_ms = message.latency_ms();
  if (message.has_cost_usd()) o.cost_usd = message.cost_usd();
  if (message.has_input_tokens()) o.input_tokens = message.input_tokens();
  if (message.has_output_tokens()) o.output_tokens = message.output_tokens();
  if (message.has_retry_after_ms()) o.retry_after_ms = message.retry_after_ms();
  if (message.error_kind() != v1::ERROR_KIND_UNSPECIFIED) {
    o.error = true;
    o.error_kind = static_cast<ErrorKind>(message.error_kind());
  }
  return attempt;
}

}  // namespace

v1::Preference ToProto(const Preference& preference) {
  v1::Preference out;
  out.set_quality(preference.quality);
  out.set_cost(preference.cost);
  out.set_latency(preference.latency);
  return out;
}

void FillProto(const ArmExpectation& expected, v1::Expected& out) {
  // A linear model may predict values outside the scale.
  out.set_quality(std::clamp(expected.quality, 0.0, 1.0));
  out.set_quality_stddev(expected.quality_stddev);
  out.set_error_rate(expected.error_rate);
  if (expected.KnownCost()) {
    out.set_cost_usd(expected.cost_usd);
    out.set_cost_stddev_usd(expected.cost_stddev_usd);
  }
  if (expected.KnownLatency()) {
    out.set_latency_ms(expected.latency_ms);
    out.set_latency_stddev_ms(expected.latency_stddev_ms);
  }
  if (expected.input_tokens > 0) out.set_input_tokens(expected.input_tokens);
  if (expected.output_tokens > 0) out.set_output_tokens(expected.output_tokens);
}

absl::StatusOr<engine::RouteInput> FromProto(const v1::RouteRequest& request) {
  engine::RouteInput input;
  input.pool = PoolOrDefault(request.pool());
  input.query = request.query();
  input.embedding.assign(request.embedding().begin(), request.embedding().end());
  for (const auto& [name, value] : request.features()) input.features.emplace_back(name, value);
  if (request.has_preference()) {
    const auto& p = request.preference();
    input.preference = Preference{p.quality(), p.cost(), p.latency()};
  }
  const auto& c = request.constraints();
  if (c.has_max_cost_usd()) input.constraints.max_cost_usd = c.max_cost_usd();
  if (c.has_max_latency_ms()) input.constraints.max_latency_ms = c.max_latency_ms();
  input.constraints.require_tags.assign(c.require_tags().begin(), c.require_tags().end());
  input.constraints.allow_arms.assign(c.allow_arms().begin(), c.allow_arms().end());
  input.constraints.deny_arms.assign(c.deny_arms().begin(), c.deny_arms().end());
  input.constraints.context_tokens = c.context_tokens();
  input.constraints.allow_unknown = c.allow_unknown();
  input.input_tokens = request.input_tokens();
  input.max_output_tokens = request.max_output_tokens();
  input.arm_count = request.arm_count() == 0 ? 1 : request.arm_count();
  switch (request.purpose()) {
    case v1::PURPOSE_UNSPECIFIED:
    case v1::FALLBACK:
      input.purpose = learners::Purpose::kFallback;
      break;
    case v1::PANEL:
      input.purpose = learners::Purpose::kPanel;
      break;
    default:
      return engine::BadField("purpose", Cat("unknown purpose ", request.purpose()));
  }
  switch (request.mode()) {
    case v1::MODE_UNSPECIFIED:
    case v1::EXPLORE:
      input.mode = Mode::kExplore;
      break;
    case v1::GREEDY:
      input.mode = Mode::kGreedy;
      break;
    case v1::PREVIEW:
      input.mode = Mode::kPreview;
      break;
    default:
      return engine::BadField("mode", Cat("unknown mode ", request.mode()));
  }
  switch (request.latency_kind()) {
    case v1::LATENCY_KIND_UNSPECIFIED:
      break;
    case v1::TOTAL:
      input.latency_kind = LatencyKind::kTotal;
      break;
    case v1::FIRST_TOKEN:
      input.latency_kind = LatencyKind::kFirstToken;
      break;
    default:
      return engine::BadField("latency_kind", Cat("unknown latency kind ", request.latency_kind()));
  }
  input.decision_id = request.decision_id();
  input.explain = request.explain();
  engine::Clamp(input);
  return input;
}

void FillProto(const engine::RouteOutput& output, v1::RouteResponse& out) {
  out.set_decision_id(output.decision_id);
  out.set_arm(output.arm);
  out.set_propensity(output.propensity);
  out.set_inclusion(output.inclusion);
  out.set_snapshot_version(output.snapshot_version);
  out.set_logged(output.logged);
  out.set_embedder_fallback(output.embedder_fallback);
  out.set_group(static_cast<v1::Group>(output.group));
  for (const engine::RankedArm& ranked : output.ranking) {
    auto* arm = out.add_ranking();
    arm->set_arm(ranked.arm);
    arm->set_probability(ranked.probability);
    arm->set_inclusion(ranked.inclusion);
    arm->set_utility(ranked.utility);
    arm->set_reason(ranked.reason);
    FillProto(ranked.expected, *arm->mutable_expected());
  }
  for (const engine::FurtherArm& further : output.further) {
    auto* arm = out.add_further();
    arm->set_arm(further.arm);
    arm->set_propensity(further.propensity);
    arm->set_inclusion(further.inclusion);
  }
  for (const std::string& note : output.notes) out.add_notes(note);
  for (const engine::RejectedArm& rejected : output.not_candidates) {
    auto* arm = out.add_not_candidates();
    arm->set_arm(rejected.arm);
    arm->set_reason(rejected.reason);
  }
}

absl::StatusOr<engine::FeedbackInput> FromProto(const v1::FeedbackRequest& request) {
  RETURN_IF_ERROR(CheckErrorKind("error_kind", request.error_kind()));
  engine::FeedbackInput input;
  for (const v1::Attempt& attempt : request.attempts()) {
    RETURN_IF_ERROR(CheckErrorKind("attempts.error_kind", attempt.error_kind()));
    input.attempts.push_back(FromProto(attempt));
  }
  input.is_withdrawal = request.withdraw();
  input.is_not_served = request.not_served();
  input.pool = PoolOrDefault(request.pool());
  input.decision_id = request.decision_id();
  input.feedback_id = request.feedback_id();
  input.served_arm = request.served_arm();
  input.outcome = OutcomeOf(request);
  input.at = std::clamp<int64_t>(request.at_unix_ms(), 0, INT64_MAX / kMicrosPerMs) * kMicrosPerMs;
  return input;
}

v1::FeedbackResponse ToProto(const engine::FeedbackOutput& output) {
  v1::FeedbackResponse out;
  out.set_result(static_cast<v1::FeedbackResult>(output.result));
  out.set_sequence(output.sequence);
  for (const std::string& note : output.notes) out.add_notes(note);
  return out;
}

v1::GetStatsResponse ToProto(const engine::PoolStatistics& s) {
  v1::GetStatsResponse out;
  out.set_pool(s.pool);
  out.set_snapshot_version(s.snapshot_version);
  out.set_decisions(s.decisions);
  out.set_outcomes(s.outcomes);
  out.set_experience_size(s.experience_size);
  out.set_quality_model(s.quality_model);
  out.set_exploration(s.exploration);
  out.set_missing(s.missing);
  out.set_embedder_fallbacks(s.fallbacks);
  out.set_state_checksum(s.state_checksum);
  auto* feedback = out.mutable_feedback();
  feedback->set_applied(s.feedback.applied);
  feedback->set_merged(s.feedback.merged);
  feedback->set_corrected(s.feedback.corrected);
  feedback->set_already_applied(s.feedback.already_applied);
  feedback->set_late(s.feedback.late);
  feedback->set_refused(s.feedback.refused);
  feedback->set_over_weight(s.feedback.over_weight);
  feedback->set_closed(s.feedback.closed);
  for (const engine::ArmStatistics& a : s.arms) {
    auto* arm = out.add_arms();
    const learners::TrackerFigures& t = a.figures.tracker;
    arm->set_name(a.name);
    arm->set_status(static_cast<v1::ArmStatus>(a.status));
    arm->set_decisions(a.decisions);
    arm->set_share(a.share);
    arm->set_outcomes(a.figures.outcomes);
    if (t.quality_weight > 0) arm->set_quality(t.quality);
    const ArmExpectation& e = a.figures.expected;
    if (e.KnownLatency()) arm->set_latency_ms(e.latency_ms);
    if (t.latency_p95_ms > 0) arm->set_latency_p95_ms(t.latency_p95_ms);
    if (t.first_token_ms > 0) arm->set_first_token_ms(t.first_token_ms);
    if (e.KnownCost()) arm->set_cost_usd(e.cost_usd);
    if (t.output_tokens > 0) arm->set_output_tokens(t.output_tokens);
    if (t.input_tokens > 0) arm->set_input_tokens(t.input_tokens);
    arm->set_error_rate(t.error_rate);
    if (t.rate_limited_until > 0) {
      arm->set_rate_limited_until_unix_ms(t.rate_limited_until / kMicrosPerMs);
    }
    FillProto(e, *arm->mutable_expected());
    arm->set_level(a.figures.level.mean);
    arm->set_level_stddev(a.figures.level.stddev);
    arm->set_is_watched(a.is_watched);
  }
  return out;
}

v1::ExplainResponse ToProto(const engine::Explanation& e) {
  v1::ExplainResponse out;
  const Decision& d = e.decision;
  out.set_decision_id(d.id);
  out.set_time_unix_ms(d.time / kMicrosPerMs);
  out.set_snapshot_version(d.snapshot_version);
  *out.mutable_preference() = ToProto(d.preference);
  out.set_mode(static_cast<v1::Mode>(d.mode));
  out.set_query_text(d.query_text);
  out.set_group(static_cast<v1::Group>(d.group));
  for (std::size_t i = 0; i < d.candidates.size(); ++i) {
    auto* arm = out.add_candidates();
    arm->set_arm(e.candidate_names[i]);
    arm->set_probability(d.candidates[i].probability);
    arm->set_inclusion(d.candidates[i].inclusion);
    arm->set_utility(d.candidates[i].utility);
    FillProto(d.candidates[i].expected, *arm->mutable_expected());
  }
  for (std::size_t i = 0; i < d.chosen.size(); ++i) {
    auto* arm = out.add_chosen();
    arm->set_arm(e.chosen_names[i]);
    arm->set_propensity(d.chosen[i].propensity);
    arm->set_inclusion(InclusionOf(d, d.chosen[i].arm));
  }
  for (const auto& [arm, o] : e.outcomes) {
    auto* seen = out.add_outcomes();
    seen->set_arm(arm);
    FillOutcome(o, *seen);
  }
  return out;
}

v1::TryEmbedderResponse ToProto(const engine::EmbedderFigures& figures) {
  v1::TryEmbedderResponse out;
  out.set_endpoint(figures.endpoint);
  out.set_model(figures.model);
  out.set_dimension(figures.dimension);
  out.set_latency_ms(figures.latency_ms);
  out.set_batch_ms_each(figures.batch_ms_each);
  out.set_tokens_each(figures.tokens_each);
  out.set_usd_per_1m_tokens(figures.usd_per_1m_tokens);
  // A million queries have tokens_each million tokens.
  out.set_usd_per_1m_queries(figures.usd_per_1m_tokens * figures.tokens_each);
  return out;
}

v1::MeasureRecallResponse ToProto(const engine::RecallFigures& figures) {
  v1::MeasureRecallResponse out;
  out.set_queries(figures.queries);
  out.set_neighbours(figures.neighbours);
  out.set_neighbour_recall(figures.neighbour_recall);
  out.set_shortlist(figures.shortlist);
  out.set_shortlist_recall(figures.shortlist_recall);
  return out;
}

v1::ListOutcomesResponse ToProto(const engine::OutcomePage& page) {
  v1::ListOutcomesResponse out;
  for (const engine::LoggedOutcome& logged : page.outcomes) {
    auto* outcome = out.add_outcomes();
    outcome->set_sequence(logged.sequence);
    outcome->set_time_unix_ms(logged.time / kMicrosPerMs);
    outcome->set_decision_id(logged.event.decision_id);
    outcome->set_arm(logged.arm);
    outcome->set_weight(logged.event.weight);
    outcome->set_query_text(logged.event.query_text);
    outcome->mutable_features()->insert(logged.features.begin(), logged.features.end());
    FillOutcome(logged.event.outcome, *outcome);
    outcome->set_is_withdrawn(logged.event.is_withdrawal);
    outcome->set_attempt(logged.event.attempt);
  }
  for (const engine::LoggedReset& logged : page.resets) {
    auto* reset = out.add_resets();
    reset->set_sequence(logged.sequence);
    reset->set_arm(logged.arm);
    reset->set_inherit_from(logged.inherit_from);
    reset->set_inherit_strength(logged.inherit_strength);
  }
  if (page.next > 0) out.set_next_page_token(Cat(page.next));
  out.set_first_sequence(page.first_sequence);
  return out;
}

}  // namespace pointsman::service
