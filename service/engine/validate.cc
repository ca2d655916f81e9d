#include "service/engine/validate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"
#include "learners/exploration.h"
#include "learners/learned_state.h"
#include "learners/quality_model.h"
#include "service/engine/names.h"

namespace pointsman {
namespace {

absl::Status Number(std::string_view field, double value, double least, double most,
                    std::string_view unit) {
  if (std::isfinite(value) && value >= least && value <= most) return absl::OkStatus();
  return BadField(field, Cat("must be a finite number from ", least, " to ", most,
                             unit.empty() ? "" : " ", unit, ", got ", value));
}

absl::Status Number(std::string_view field, const std::optional<double>& value, double least,
                    double most, std::string_view unit) {
  return value ? Number(field, *value, least, most, unit) : absl::OkStatus();
}

bool AreFinite(std::span<const float> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isfinite(x); });
}

absl::Status Text(std::string_view field, std::string_view text, int64_t bytes_max) {
  if (static_cast<int64_t>(text.size()) > bytes_max) {
    return WithReason(
        InvalidArgument(field, ": ", text.size(), " bytes are over the limit of ", bytes_max),
        reason::kLimit, field);
  }
  if (!IsUtf8(text)) return BadField(field, "must be valid UTF-8");
  return absl::OkStatus();
}

absl::Status Count(std::string_view field, std::size_t count, int64_t most) {
  if (static_cast<int64_t>(count) <= most) return absl::OkStatus();
  return WithReason(InvalidArgument(field, ": ", count, " entries are over the limit of ", most),
                    reason::kLimit, field);
}

constexpr double kUsdMax = 1e6;
constexpr double kMsMax = 1e9;
constexpr double kTokensMax = 1e9;
// Making the projection and a learner's matrices is quadratic in it and worse.
constexpr double kProjectedMax = 512;
constexpr int64_t kPathBytesMax = 4096;
constexpr double kQueriesMax = 1e9;
constexpr int64_t kTiersMax = 16;
constexpr double kStrengthMin = 1e-6;
constexpr double kStrengthMax = 1e6;

absl::Status ValidateNewOnes(std::string_view field, const std::vector<std::string>& before,
                             const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::find(before.begin(), before.end(), name) != before.end()) continue;
    RETURN_IF_ERROR(ValidateNewName(field, name));
  }
  return absl::OkStatus();
}

std::vector<std::string> NamesOf(const std::vector<FeatureSpec>& features) {
  std::vector<std::string> names;
  for (const FeatureSpec& feature : features) names.push_back(feature.name);
  return names;
}

std::string ListOf(const std::vector<FeatureSpec>& features) {
  std::string text;
  for (const FeatureSpec& feature : features) text += Cat(text.empty() ? "" : ", ", Quoted(feature.name));
  return OneLine(text, 400);
}

bool BeginsWith(const std::vector<FeatureSpec>& features, const std::vector<FeatureSpec>& start) {
  return features.size() >= start.size() &&
         std::equal(start.begin(), start.end(), features.begin());
}

absl::Status ValidatePrices(const Arm& arm) {
  RETURN_IF_ERROR(Number("arm.usd_per_request", arm.usd_per_request, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(
      Number("arm.usd_per_1m_cached_input", arm.usd_per_1m_cached_input, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(Count("arm.price_tiers", arm.price_tiers.size(), kTiersMax));
  double bound = -1;
  for (const PriceTier& tier : arm.price_tiers) {
    const auto above = static_cast<double>(tier.above_input_tokens);
    RETURN_IF_ERROR(
        Number("arm.price_tiers.above_input_tokens", above, 0, kTokensMax, "tokens"));
    if (above == bound) {
      return BadField("arm.price_tiers.above_input_tokens",
                      Cat(tier.above_input_tokens, " stands twice"));
    }
    if (above < bound) {
      return BadField("arm.price_tiers.above_input_tokens", "must ascend");
    }
    bound = above;
    for (const auto& usd :
         {tier.usd_per_1m_input, tier.usd_per_1m_output, tier.usd_per_1m_cached_input}) {
      RETURN_IF_ERROR(Number("arm.price_tiers", usd, 0, kUsdMax, "USD"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateImported(const ImportedQuery& query, const ImportPlan& plan,
                              const Limits& limits) {
  if (query.index >= plan.queries) {
    return BadField("index",
                    Cat("the import announced ", plan.queries, " queries, so the last index is ",
                        plan.queries - 1, "; announce as many as come"));
  }
  RETURN_IF_ERROR(ValidateRoute(AsRoute(query), limits));
  if (query.outcomes.empty()) {
    return BadField("outcomes", "must hold the outcome of at least one arm");
  }
  std::set<std::string_view> arms;
  for (const ImportedOutcome& outcome : query.outcomes) {
    if (!arms.insert(outcome.arm).second) {
      return BadField("outcomes", Cat("arm ", Quoted(outcome.arm), " stands twice"));
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

absl::Status ValidateName(std::string_view field, std::string_view name, const Limits& limits) {
  if (name.empty()) return BadField(field, "must not be empty");
  RETURN_IF_ERROR(Text(field, name, limits.name_bytes_max));
  if (name.front() == ' ' || name.back() == ' ') {
    return BadField(field, "must not begin or end with a space");
  }
  if (HoldsControls(name)) {
    return BadField(field, Cat("must not hold control characters, got ", Quoted(name)));
  }
  return absl::OkStatus();
}

absl::Status ValidateNewName(std::string_view field, std::string_view name) {
  if (!HoldsInvisible(name)) return absl::OkStatus();
  return BadField(field, Cat(Quoted(name),
                             " holds characters that nobody sees (zero-width spaces or joiners, soft "
                             "hyphens, byte order marks), so it would look like another name; leave them "
                             "out"));
}

absl::Status ValidateNewNames(const Arm* present, const Arm& wanted) {
  static const Arm nothing;
  const Arm& before = present == nullptr ? nothing : *present;
  if (present == nullptr) RETURN_IF_ERROR(ValidateNewName("arm.name", wanted.name));
  RETURN_IF_ERROR(ValidateNewOnes("arm.tags", before.tags, wanted.tags));
  return ValidateNewOnes("arm.aliases", before.aliases, wanted.aliases);
}

absl::Status ValidateNewNames(const PoolSettings* present, const PoolSettings& wanted) {
  return ValidateNewOnes("settings.features.name",
                         present == nullptr ? std::vector<std::string>() : NamesOf(present->features),
                         NamesOf(wanted.features));
}

absl::Status ValidateArm(const Arm& arm, const Limits& limits) {
  RETURN_IF_ERROR(ValidateName("arm.name", arm.name, limits));
  RETURN_IF_ERROR(Text("arm.description", arm.description, limits.description_bytes_max));
  RETURN_IF_ERROR(Count("arm.tags", arm.tags.size(), limits.tags_max));
  for (const std::string& tag : arm.tags) RETURN_IF_ERROR(ValidateName("arm.tags", tag, limits));
  RETURN_IF_ERROR(Number("arm.usd_per_1m_input", arm.usd_per_1m_input, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(Number("arm.usd_per_1m_output", arm.usd_per_1m_output, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(ValidatePrices(arm));
  RETURN_IF_ERROR(Text("arm.version", arm.version, limits.name_bytes_max));
  if (HoldsControls(arm.version)) {
    return BadField("arm.version", "must not hold control characters");
  }
  RETURN_IF_ERROR(Count("arm.aliases", arm.aliases.size(), limits.tags_max));
  for (const std::string& alias : arm.aliases) {
    RETURN_IF_ERROR(ValidateName("arm.aliases", alias, limits));
  }
  RETURN_IF_ERROR(Number("arm.output_tokens_max", static_cast<double>(arm.output_tokens_max), 0,
                         kTokensMax, "tokens"));
  RETURN_IF_ERROR(Number("arm.context_tokens_max", static_cast<double>(arm.context_tokens_max), 0,
                         kTokensMax, "tokens"));
  RETURN_IF_ERROR(Number("arm.prior_quality", arm.prior_quality, 0, 1, ""));
  // A belief that weighs next to nothing is one of infinite doubt, which no decision can be made of.
  if (arm.prior_strength != 0) {
    RETURN_IF_ERROR(Number("arm.prior_strength", arm.prior_strength, kStrengthMin, kStrengthMax,
                           "outcomes, or 0 for none"));
  }
  RETURN_IF_ERROR(Number("arm.prior_latency_ms", arm.prior_latency_ms, 0, kMsMax, "ms"));
  RETURN_IF_ERROR(
      Number("arm.prior_output_tokens", arm.prior_output_tokens, 0, kTokensMax, "tokens"));
  if (arm.prior_strength > 0 && !arm.prior_quality) {
    return BadField("arm.prior_strength", "needs arm.prior_quality, the belief it gives weight to");
  }
  return absl::OkStatus();
}

absl::Status ValidateEmbedder(const EmbedderSettings& e, const Limits& limits) {
  RETURN_IF_ERROR(Number("settings.embedder.dimension", e.dimension, 0,
                         static_cast<double>(limits.embedding_dimension_max), ""));
  RETURN_IF_ERROR(Number("settings.embedder.projected", e.projected, 0, kProjectedMax, ""));
  RETURN_IF_ERROR(Number("settings.embedder.sketch_weight", e.sketch_weight, 0, 1000, ""));
  if (!AreFinite(e.projection_rows)) {
    return BadField("settings.embedder.projection_rows", "holds NaN or infinite numbers");
  }
  RETURN_IF_ERROR(Text("settings.embedder.lexicon_file", e.lexicon_file, kPathBytesMax));
  if (HoldsControls(e.lexicon_file)) {
    return BadField("settings.embedder.lexicon_file", "must not hold control characters");
  }
  RETURN_IF_ERROR(Text("settings.embedder.endpoint", e.endpoint, limits.name_bytes_max));
  RETURN_IF_ERROR(Text("settings.embedder.model", e.model, kPathBytesMax));
  if (e.name == kRemoteEmbedder && e.endpoint.empty()) {
    return BadField(
        "settings.embedder.endpoint",
        "must be given for the embedder \"remote\": the name of one of `embedders` in the "
        "server's config");
  }
  if (e.name != kRemoteEmbedder && !(e.endpoint.empty() && e.model.empty())) {
    return BadField("settings.embedder.endpoint", "and `model` belong to the embedder \"remote\"");
  }
  if (e.name == "caller" && e.dimension == 0) {
    return BadField("settings.embedder.dimension",
                    "must be given for the embedder \"caller\": the size of the vectors you send");
  }
  return absl::OkStatus();
}

absl::Status ValidateSettings(const PoolSettings& s, const Limits& limits) {
  RETURN_IF_ERROR(ValidateEmbedder(s.embedder, limits));
  RETURN_IF_ERROR(
      Number("settings.embedder.projected", s.embedder.projected, 1, kProjectedMax, ""));
  RETURN_IF_ERROR(Count("settings.features", s.features.size(), limits.features_max));
  std::set<std::string> names;  // in NFC
  for (const FeatureSpec& f : s.features) {
    RETURN_IF_ERROR(ValidateName("settings.features.name", f.name, limits));
    if (!names.insert(NormalName(f.name)).second) {
      return BadField("settings.features.name", Cat(Quoted(f.name), " is named twice"));
    }
    RETURN_IF_ERROR(Number("settings.features.center", f.center, -1e12, 1e12, ""));
    RETURN_IF_ERROR(Number("settings.features.scale", f.scale, 1e-9, 1e12, ""));
    RETURN_IF_ERROR(Number("settings.features.weight", f.weight, 0, 10, ""));
  }
  const LearnerSettings& l = s.learner;
  RETURN_IF_ERROR(WithReason(MakeQualityModel(l, ContextDimension(s)).status(), reason::kBadField,
                             "settings.learner.quality_model"));
  RETURN_IF_ERROR(WithReason(ValidateExploration(l), reason::kBadField, "settings.learner"));
  RETURN_IF_ERROR(Number("settings.learner.half_life_s", l.half_life_s, 1, 1e10, "s"));
  RETURN_IF_ERROR(
      Number("settings.learner.half_life_outcomes", l.half_life_outcomes, 1, 1e9, "outcomes"));
  RETURN_IF_ERROR(
      Number("settings.learner.forget_outcomes", l.forget_outcomes, 0, 1e9, "outcomes"));
  RETURN_IF_ERROR(Number("settings.cost_scale_usd", s.cost_scale_usd, 1e-9, kUsdMax, "USD"));
  RETURN_IF_ERROR(Number("settings.latency_scale_ms", s.latency_scale_ms, 1e-3, kMsMax, "ms"));
  RETURN_IF_ERROR(Number("settings.shortlist_size", s.shortlist_size, 1, 4096, "arms"));
  RETURN_IF_ERROR(Number("settings.neighbours", s.neighbours, 0, 1024, "outcomes"));
  RETURN_IF_ERROR(Number("settings.experience_max", s.experience_max, 0, 1e8, "outcomes"));
  RETURN_IF_ERROR(Number("settings.feedback_window_s",
                         static_cast<double>(s.feedback_window) / kMicrosPerSecond, 1,
                         static_cast<double>(limits.decision_ttl_s), "s (limit decision_ttl_s)"));
  RETURN_IF_ERROR(Number("settings.missing_quality", s.missing_quality, 0, 1, ""));
  RETURN_IF_ERROR(
      Number("settings.client_weight_per_hour", s.client_weight_per_hour, 0, 1e9, "observations"));
  RETURN_IF_ERROR(WithReason(ValidatePreference(s.default_preference), reason::kBadField,
                             "settings.default_preference"));
  return WithReason(ValidateForLearning(s), reason::kBadField, "settings.learner");
}

absl::Status ValidateChange(const PoolSettings& present, const PoolSettings& wanted) {
  const auto fixed = [](std::string_view field, std::string_view more = "") {
    return WithReason(
        FailedPrecondition(field,
                           " is fixed when a pool is made, because all that the pool learned "
                           "depends on it: make a new pool with the setting you want",
                           more),
        reason::kSettingFixed, field);
  };
  if (!(present.embedder == wanted.embedder)) {
    return fixed("settings.embedder",
                 present.store_query_text
                     ? ", and have it learn what this one did by `pointsman pool reembed`"
                     : "; it learns from the start, since this pool stores no query text "
                       "(store_query_text) to embed anew");
  }
  if (present.experience_max != wanted.experience_max) return fixed("settings.experience_max");
  if (!BeginsWith(wanted.features, present.features)) {
    return WithReason(
        FailedPrecondition("settings.features: those that a pool has stay as they are, in their order, "
                           "because all that it learned depends on them, and new ones come after "
                           "them: give ",
                           ListOf(present.features), " first, or make a new pool"),
        reason::kSettingFixed, "settings.features");
  }
  if (present.learner.quality_model != wanted.learner.quality_model) {
    return fixed("settings.learner.quality_model");
  }
  return absl::OkStatus();
}

absl::Status ValidateRoute(const RouteInput& input, const Limits& limits) {
  if (input.query.empty() == input.embedding.empty()) {
    return input.query.empty()
               ? BadField("query", "must not be empty (or send `embedding` instead)")
               : BadField("embedding", "send either `query` or `embedding`, not both");
  }
  // A long one is embedded in part; what refuses is the limit of the message.
  if (!IsUtf8(input.query)) return BadField("query", "must be valid UTF-8");
  RETURN_IF_ERROR(Count("embedding", input.embedding.size(), limits.embedding_dimension_max));
  if (!AreFinite(input.embedding)) {
    return BadField("embedding", "holds NaN, infinite or huge numbers");
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
                                       " belong to imported queries; use another id"));
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
  return ValidateOutcome(input.outcome);
}

absl::Status ValidateOutcome(const Outcome& o) {
  if (o.empty()) {
    return BadField("quality",
                    "the outcome says nothing: give at least one of quality, latency_ms, cost_usd, "
                    "input_tokens, output_tokens, error");
  }
  RETURN_IF_ERROR(Number("quality", o.quality, 0, 1, ""));
  RETURN_IF_ERROR(Number("latency_ms", o.latency_ms, 0, kMsMax, "ms"));
  RETURN_IF_ERROR(Number("cost_usd", o.cost_usd, 0, kUsdMax, "USD"));
  const auto tokens = [](const std::optional<int64_t>& count) {
    return count ? std::optional<double>(static_cast<double>(*count)) : std::nullopt;
  };
  RETURN_IF_ERROR(Number("input_tokens", tokens(o.input_tokens), 0, kTokensMax, "tokens"));
  RETURN_IF_ERROR(Number("output_tokens", tokens(o.output_tokens), 0, kTokensMax, "tokens"));
  if (o.error.value_or(false) && o.quality) {
    return BadField("quality",
                    "an answer that failed has no quality: `error` trains the error rate alone, so "
                    "send one or the other");
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
    return BadField("import_id",
                    "must not be empty: it names the import, so that sending it again "
                    "learns nothing twice");
  }
  RETURN_IF_ERROR(Text("import_id", plan.import_id, limits.decision_id_bytes_max));
  RETURN_IF_ERROR(Number("queries", static_cast<double>(plan.queries), 1, kQueriesMax, ""));
  RETURN_IF_ERROR(Number("strength", plan.strength, kStrengthMin, kStrengthMax, "observations"));
  RETURN_IF_ERROR(Count("arm_outcomes", plan.arm_outcomes.size(), limits.arms_per_pool_max));
  for (const auto& [arm, count] : plan.arm_outcomes) {
    RETURN_IF_ERROR(Located(Number("arm_outcomes", static_cast<double>(count), 1,
                                   static_cast<double>(plan.queries), "(the queries announced)"),
                            Cat("arm ", Quoted(arm))));
  }
  RETURN_IF_ERROR(Count("queries", chunk.size(), limits.import_chunk_queries_max));
  std::set<uint64_t> indices;
  std::size_t outcomes = 0;
  for (const ImportedQuery& query : chunk) {
    const absl::Status status = ValidateImported(query, plan, limits);
    if (!status.ok()) return Located(status, Cat("query ", query.index));
    if (!indices.insert(query.index).second) {
      return BadField("index", Cat("query ", query.index, " stands twice in one chunk"));
    }
    outcomes += query.outcomes.size();
  }
  return Count("outcomes", outcomes, limits.import_chunk_outcomes_max);
}

}  // namespace pointsman
