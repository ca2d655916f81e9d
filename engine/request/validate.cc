#include "engine/request/validate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/checks.h"

namespace pointsman::engine {
namespace {

constexpr double kQueriesMax = 1e9;
constexpr double kRetryAfterMsMax = 7.0 * 86400 * 1000;

absl::Status ValidateImported(const ImportedQuery& query, const ImportPlan& plan,
                              const Limits& limits) {
  if (query.index >= plan.queries) {
    return BadField("index",
                    Cat("the import announced ", plan.queries, " queries, so the last index is ",
                        plan.queries - 1, "; announce at least as many queries as you send"));
  }
  RETURN_IF_ERROR(ValidateRoute(AsRoute(query), limits));
  if (query.outcomes.empty()) {
    return BadField("outcomes", "must contain the outcome of at least one arm");
  }
  std::set<std::string_view> arms;
  for (const ImportedOutcome& outcome : query.outcomes) {
    if (!arms.insert(outcome.arm).second) {
      return BadField("outcomes", Cat("arm ", Quoted(outcome.arm), " is given twice"));
    }
    const absl::Status status = ValidateOutcome(outcome.outcome);
    if (!status.ok()) return Located(status, Cat("arm ", Quoted(outcome.arm)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BadField(std::string_view field, std::string_view what) {
  return WithReason(InvalidArgument(field, ": ", what), reason::kBadField, field);
}

absl::Status ValidateRoute(const RouteInput& input, const Limits& limits) {
  if (input.query.empty() == input.embedding.empty()) {
    return input.query.empty()
               ? BadField("query", "must not be empty, unless `embedding` is sent instead")
               : BadField("embedding", "must not be sent together with `query`");
  }
  // A long query is embedded in part; only the limit of the message rejects it.
  if (!IsUtf8(input.query)) return BadField("query", "must be valid UTF-8");
  RETURN_IF_ERROR(Count("embedding", input.embedding.size(), limits.embedding_dimension_max));
  if (!AreFinite(input.embedding)) {
    return BadField("embedding", "contains NaN, infinite or huge numbers");
  }
  RETURN_IF_ERROR(Count("features", input.features.size(), limits.features_max));
  for (const auto& [name, value] : input.features) {
    if (!std::isfinite(value)) {
      return BadField("features", Cat(Quoted(name), " must be a finite number"));
    }
  }
  RETURN_IF_ERROR(Text("decision_id", input.decision_id, limits.decision_id_bytes_max));
  if (input.decision_id.starts_with(kImportIdPrefix)) {
    return BadField("decision_id", Cat("ids that begin with ", Quoted(kImportIdPrefix),
                                       " are reserved for imported queries; use another id"));
  }
  if (input.preference) {
    RETURN_IF_ERROR(
        WithReason(ValidatePreference(*input.preference), reason::kBadField, "preference"));
  }
  const Constraints& c = input.constraints;
  RETURN_IF_ERROR(Number("constraints.max_cost_usd", c.max_cost_usd, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(Number("constraints.max_latency_ms", c.max_latency_ms, 0, kMsMax, "ms"));
  RETURN_IF_ERROR(Number("constraints.context_tokens", static_cast<double>(c.context_tokens), 0,
                         kTokensMax, "tokens"));
  RETURN_IF_ERROR(
      Number("input_tokens", static_cast<double>(input.input_tokens), 0, kTokensMax, "tokens"));
  RETURN_IF_ERROR(Number("max_output_tokens", static_cast<double>(input.max_output_tokens), 0,
                         kTokensMax, "tokens"));
  RETURN_IF_ERROR(Count("constraints.require_tags", c.require_tags.size(), limits.tags_max));
  RETURN_IF_ERROR(Count("constraints.allow_arms", c.allow_arms.size(), limits.arm_lists_max));
  RETURN_IF_ERROR(Count("constraints.deny_arms", c.deny_arms.size(), limits.arm_lists_max));
  return Count("arm_count", input.arm_count, limits.arm_count_max);
}

absl::Status ValidateFeedback(const FeedbackInput& input, const Limits& limits) {
  if (input.decision_id.empty()) return BadField("decision_id", "must not be empty");
  RETURN_IF_ERROR(Text("decision_id", input.decision_id, limits.decision_id_bytes_max));
  RETURN_IF_ERROR(Text("feedback_id", input.feedback_id, limits.decision_id_bytes_max));
  RETURN_IF_ERROR(Text("served_arm", input.served_arm, limits.name_bytes_max));
  RETURN_IF_ERROR(Count("attempts", input.attempts.size(), limits.arm_count_max));
  const bool is_closing = input.is_withdrawal || input.is_not_served;
  if (is_closing && (!input.outcome.empty() || !input.attempts.empty())) {
    return BadField(input.is_withdrawal ? "withdraw" : "not_served",
                    "means that there is no outcome, so no outcome may be sent with it");
  }
  if (input.is_withdrawal && input.is_not_served) {
    return BadField("withdraw", "must not be sent together with `not_served`");
  }
  for (const AttemptInput& attempt : input.attempts) {
    if (attempt.arm.empty()) return BadField("attempts.arm", "must not be empty");
    RETURN_IF_ERROR(Text("attempts.arm", attempt.arm, limits.name_bytes_max));
    if (attempt.outcome.empty()) continue;
    RETURN_IF_ERROR(Located(ValidateOutcome(attempt.outcome), "attempts"));
  }
  if (!input.attempts.empty() && input.outcome.quality &&
      input.attempts.back().outcome.error.value_or(false)) {
    return BadField("quality",
                    "must not be sent if the last attempt has an error_kind: a failed call has no "
                    "answer to rate");
  }
  // The serving arm may be reported before the outcome.
  const bool may_say_nothing = is_closing || !input.attempts.empty() || !input.served_arm.empty();
  if (may_say_nothing && input.outcome.empty()) return absl::OkStatus();
  return ValidateOutcome(input.outcome);
}

absl::Status ValidateCachedTokens(const Outcome& o) {
  if (!o.input_tokens || !o.cached_input_tokens || *o.cached_input_tokens <= *o.input_tokens) {
    return absl::OkStatus();
  }
  return BadField("cached_input_tokens",
                  Cat("must not exceed input_tokens, which include them: got ",
                      *o.cached_input_tokens, " of ", *o.input_tokens));
}

absl::Status ValidateOutcome(const Outcome& o) {
  if (o.empty()) {
    return BadField(
        "quality",
        "is missing, and so is every other field of the outcome: give at least one of quality, "
        "latency_ms, first_token_ms, cost_usd, input_tokens, cached_input_tokens, output_tokens, "
        "error, error_kind; or `withdraw` or `not_served`");
  }
  RETURN_IF_ERROR(Number("quality", o.quality, 0, 1, ""));
  RETURN_IF_ERROR(Number("latency_ms", o.latency_ms, 0, kMsMax, "ms"));
  RETURN_IF_ERROR(Number("first_token_ms", o.first_token_ms, 0, kMsMax, "ms"));
  RETURN_IF_ERROR(Number("cost_usd", o.cost_usd, 0, kUsdMax, "USD"));
  const auto count = [](std::string_view field, const std::optional<int64_t>& value, double most,
                        std::string_view unit) {
    return value ? Number(field, static_cast<double>(*value), 0, most, unit) : absl::OkStatus();
  };
  RETURN_IF_ERROR(count("input_tokens", o.input_tokens, kTokensMax, "tokens"));
  RETURN_IF_ERROR(count("cached_input_tokens", o.cached_input_tokens, kTokensMax, "tokens"));
  RETURN_IF_ERROR(count("output_tokens", o.output_tokens, kTokensMax, "tokens"));
  RETURN_IF_ERROR(count("retry_after_ms", o.retry_after_ms, kRetryAfterMsMax, "ms"));
  RETURN_IF_ERROR(ValidateCachedTokens(o));
  if (o.error_kind && (*o.error_kind < ErrorKind::kProvider || *o.error_kind > kErrorKindLast)) {
    return BadField("error_kind", Cat("unknown error kind ", static_cast<int>(*o.error_kind)));
  }
  const bool has_failed = o.error.value_or(o.error_kind.has_value());
  if (o.error_kind && !has_failed) {
    return BadField("error_kind", "requires a failed call: leave it unset if `error` is false");
  }
  if (o.retry_after_ms && o.error_kind != ErrorKind::kRateLimited) {
    return BadField("retry_after_ms", "requires error_kind RATE_LIMITED");
  }
  if (has_failed && o.quality) {
    return BadField("quality",
                    "must not be sent with `error`: a failed call has no answer to rate");
  }
  return absl::OkStatus();
}

RouteInput AsRoute(const ImportedQuery& query) {
  RouteInput input;
  input.query = query.query;
  input.embedding = query.embedding;
  input.embedded = query.embedded;
  input.features = query.features;
  return input;
}

absl::Status ValidateImport(const ImportPlan& plan, std::span<const ImportedQuery> chunk,
                            const Limits& limits) {
  if (plan.import_id.empty()) {
    return BadField(
        "import_id",
        "must not be empty: it identifies the import, so that a retry learns nothing twice");
  }
  RETURN_IF_ERROR(Text("import_id", plan.import_id, limits.decision_id_bytes_max));
  RETURN_IF_ERROR(Number("queries", static_cast<double>(plan.queries), 1, kQueriesMax, ""));
  RETURN_IF_ERROR(Number("strength", plan.strength, kStrengthMin, kStrengthMax, "observations"));
  RETURN_IF_ERROR(Count("arm_outcomes", plan.arm_outcomes.size(), limits.arms_per_pool_max));
  for (const auto& [arm, count] : plan.arm_outcomes) {
    RETURN_IF_ERROR(Located(Number("arm_outcomes", static_cast<double>(count), 1,
                                   static_cast<double>(plan.queries), "(the announced queries)"),
                            Cat("arm ", Quoted(arm))));
  }
  RETURN_IF_ERROR(Count("queries", chunk.size(), limits.import_chunk_queries_max));
  std::set<uint64_t> indices;
  std::size_t outcomes = 0;
  for (const ImportedQuery& query : chunk) {
    const absl::Status status = ValidateImported(query, plan, limits);
    if (!status.ok()) return Located(status, Cat("query ", query.index));
    if (!indices.insert(query.index).second) {
      return BadField("index", Cat("query ", query.index, " is given twice in one chunk"));
    }
    outcomes += query.outcomes.size();
  }
  return Count("outcomes", outcomes, limits.import_chunk_outcomes_max);
}

}  // namespace pointsman::engine
