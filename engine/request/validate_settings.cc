// The part of validate.h for names, arms and settings of pools.
#include <algorithm>
#include <cmath>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/names.h"
#include "domain/settings.h"
#include "engine/request/checks.h"
#include "engine/request/validate.h"
#include "learners/choice/exploration.h"
#include "learners/quality/quality_model.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {
namespace {

// The cost of the projection and of a learner's matrices grows at least with its square.
constexpr double kProjectedMax = 512;
constexpr int64_t kPathBytesMax = 4096;
constexpr int64_t kPriceTiersMax = 16;

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
  for (const FeatureSpec& feature : features)
    text += Cat(text.empty() ? "" : ", ", Quoted(feature.name));
  return OneLine(text, 400);
}

bool BeginsWith(const std::vector<FeatureSpec>& features, const std::vector<FeatureSpec>& start) {
  return features.size() >= start.size() &&
         std::equal(start.begin(), start.end(), features.begin());
}

absl::Status ValidateRange(const SettingRow& row, const PoolSettings& settings,
                           const Limits& limits) {
  const std::optional<double> value = NumberOf(row, settings);
  if (!value) return absl::OkStatus();
  const std::string field = Cat("settings.", row.name);
  if (row.most_limit == nullptr) return Number(field, *value, row.least, row.most, row.unit);
  return Number(field, *value, row.least, static_cast<double>(limits.*row.most_limit),
                Cat(row.unit, " (limit ", row.most_limit_name, ")"));
}

absl::Status ValidatePrices(const Arm& arm) {
  RETURN_IF_ERROR(Number("arm.usd_per_1m_input", arm.usd_per_1m_input, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(Number("arm.usd_per_1m_output", arm.usd_per_1m_output, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(
      Number("arm.usd_per_1m_cached_input", arm.usd_per_1m_cached_input, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(Number("arm.usd_per_request", arm.usd_per_request, 0, kUsdMax, "USD"));
  RETURN_IF_ERROR(Count("arm.price_tiers", arm.price_tiers.size(), kPriceTiersMax));
  int64_t above = -1;
  for (const PriceTier& tier : arm.price_tiers) {
    RETURN_IF_ERROR(Number("arm.price_tiers.above_input_tokens",
                           static_cast<double>(tier.above_input_tokens), 0, kTokensMax, "tokens"));
    if (tier.above_input_tokens == above) {
      return BadField("arm.price_tiers.above_input_tokens", Cat("contains ", above, " twice"));
    }
    if (tier.above_input_tokens < above) {
      return BadField("arm.price_tiers.above_input_tokens", "must be in ascending order");
    }
    above = tier.above_input_tokens;
    RETURN_IF_ERROR(
        Number("arm.price_tiers.usd_per_1m_input", tier.usd_per_1m_input, 0, kUsdMax, "USD"));
    RETURN_IF_ERROR(
        Number("arm.price_tiers.usd_per_1m_output", tier.usd_per_1m_output, 0, kUsdMax, "USD"));
    RETURN_IF_ERROR(Number("arm.price_tiers.usd_per_1m_cached_input", tier.usd_per_1m_cached_input,
                           0, kUsdMax, "USD"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateName(std::string_view field, std::string_view name, const Limits& limits) {
  if (name.empty()) return BadField(field, "must not be empty");
  RETURN_IF_ERROR(Text(field, name, limits.name_bytes_max));
  if (name.front() == ' ' || name.back() == ' ') {
    return BadField(field, "must not begin or end with a space");
  }
  if (HoldsControls(name)) {
    return BadField(field, Cat("must not contain control characters, got ", Quoted(name)));
  }
  return absl::OkStatus();
}

absl::Status ValidateNewName(std::string_view field, std::string_view name) {
  if (!HoldsInvisible(name)) return absl::OkStatus();
  return BadField(field,
                  Cat(Quoted(name),
                      " contains invisible characters (zero-width spaces or joiners, soft hyphens, "
                      "byte order marks), so it would look like another name; remove them"));
}

absl::Status ValidateNewNames(const Arm* present, const Arm& wanted) {
  static const Arm nothing;
  const Arm& before = present == nullptr ? nothing : *present;
  if (present == nullptr) RETURN_IF_ERROR(ValidateNewName("arm.name", wanted.name));
  RETURN_IF_ERROR(ValidateNewOnes("arm.tags", before.tags, wanted.tags));
  return ValidateNewOnes("arm.aliases", before.aliases, wanted.aliases);
}

absl::Status ValidateNewNames(const PoolSettings* present, const PoolSettings& wanted) {
  return ValidateNewOnes(
      "settings.features.name",
      present == nullptr ? std::vector<std::string>() : NamesOf(present->features),
      NamesOf(wanted.features));
}

absl::Status ValidateArm(const Arm& arm, const Limits& limits) {
  RETURN_IF_ERROR(ValidateName("arm.name", arm.name, limits));
  RETURN_IF_ERROR(Text("arm.description", arm.description, limits.description_bytes_max));
  RETURN_IF_ERROR(Count("arm.tags", arm.tags.size(), limits.tags_max));
  for (const std::string& tag : arm.tags) RETURN_IF_ERROR(ValidateName("arm.tags", tag, limits));
  RETURN_IF_ERROR(ValidatePrices(arm));
  RETURN_IF_ERROR(Text("arm.version", arm.version, limits.name_bytes_max));
  if (HoldsControls(arm.version)) {
    return BadField("arm.version", "must not contain control characters");
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
  // A prior with almost no weight has almost infinite variance, and no decision can be based on it.
  if (arm.prior_strength != 0) {
    RETURN_IF_ERROR(Number("arm.prior_strength", arm.prior_strength, kStrengthMin, kStrengthMax,
                           "outcomes, or 0 for none"));
  }
  RETURN_IF_ERROR(Number("arm.prior_latency_ms", arm.prior_latency_ms, 0, kMsMax, "ms"));
  RETURN_IF_ERROR(
      Number("arm.prior_output_tokens", arm.prior_output_tokens, 0, kTokensMax, "tokens"));
  if (arm.prior_strength > 0 && !arm.prior_quality) {
    return BadField("arm.prior_strength",
                    "requires arm.prior_quality, the prior that it gives weight to");
  }
  return absl::OkStatus();
}

absl::Status ValidateInheritance(double strength) {
  if (strength == 0) return absl::OkStatus();
  return Number("inherit_strength", strength, kStrengthMin, kStrengthMax,
                "outcomes, or 0 for the default");
}

absl::Status ValidateEmbedder(const EmbedderSettings& e, const Limits& limits) {
  RETURN_IF_ERROR(Number("settings.embedder.dimension", e.dimension, 0,
                         static_cast<double>(limits.embedding_dimension_max), ""));
  RETURN_IF_ERROR(Number("settings.embedder.projected", e.projected, 0, kProjectedMax, ""));
  RETURN_IF_ERROR(Number("settings.embedder.sketch_weight", e.sketch_weight, 0, 1000, ""));
  if (!AreFinite(e.projection_rows)) {
    return BadField("settings.embedder.projection_rows", "contains NaN or infinite numbers");
  }
  RETURN_IF_ERROR(Text("settings.embedder.lexicon_file", e.lexicon_file, kPathBytesMax));
  if (HoldsControls(e.lexicon_file)) {
    return BadField("settings.embedder.lexicon_file", "must not contain control characters");
  }
  RETURN_IF_ERROR(Text("settings.embedder.endpoint", e.endpoint, limits.name_bytes_max));
  RETURN_IF_ERROR(Text("settings.embedder.model", e.model, kPathBytesMax));
  if (e.name == kRemoteEmbedder && e.endpoint.empty()) {
    return BadField(
        "settings.embedder.endpoint",
        "is required for the embedder \"remote\": the name of an entry of `embedders` in the "
        "server's config");
  }
  if (e.name != kRemoteEmbedder && !(e.endpoint.empty() && e.model.empty())) {
    return BadField("settings.embedder.endpoint",
                    "`endpoint` and `model` are only for the embedder \"remote\"");
  }
  if (e.name == "caller" && e.dimension == 0) {
    return BadField("settings.embedder.dimension",
                    "is required for the embedder \"caller\": the size of the vectors you send");
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
      return BadField("settings.features.name", Cat(Quoted(f.name), " is given twice"));
    }
    RETURN_IF_ERROR(Number("settings.features.center", f.center, -1e12, 1e12, ""));
    RETURN_IF_ERROR(Number("settings.features.scale", f.scale, 1e-9, 1e12, ""));
    RETURN_IF_ERROR(Number("settings.features.weight", f.weight, 0, 10, ""));
  }
  const LearnerSettings& l = s.learner;
  RETURN_IF_ERROR(WithReason(learners::MakeQualityModel(l, ContextDimension(s)).status(),
                             reason::kBadField, "settings.learner.quality_model"));
  RETURN_IF_ERROR(
      WithReason(learners::ValidateExploration(l), reason::kBadField, "settings.learner"));
  for (const SettingRow& row : SettingTable()) RETURN_IF_ERROR(ValidateRange(row, s, limits));
  if (!s.holdout_arm.empty()) {
    RETURN_IF_ERROR(ValidateName("settings.holdout_arm", s.holdout_arm, limits));
  }
  RETURN_IF_ERROR(WithReason(ValidatePreference(s.default_preference), reason::kBadField,
                             "settings.default_preference"));
  return WithReason(learners::ValidateForLearning(s), reason::kBadField, "settings.learner");
}

absl::Status ValidateChange(const PoolSettings& present, const PoolSettings& wanted) {
  const auto fixed = [](std::string_view field, std::string_view more = "") {
    return WithReason(
        FailedPrecondition(field,
                           " cannot be changed, because everything that the pool has learned "
                           "depends on it: create a new pool with the setting you want",
                           more),
        reason::kSettingFixed, field);
  };
  if (!(present.embedder == wanted.embedder)) {
    return fixed(
        "settings.embedder",
        present.store_query_text
            ? "; `pointsman pool reembed` does that, and teaches it what this one has learned"
            : "; it starts without learned state, because this pool does not store query texts "
              "(store_query_text) to embed again");
  }
  for (const SettingRow& row : SettingTable()) {
    if (!row.is_live && !IsSameSetting(row, present, wanted)) {
      return fixed(Cat("settings.", row.name));
    }
  }
  if (!BeginsWith(wanted.features, present.features)) {
    return WithReason(
        FailedPrecondition(
            "settings.features: the existing features of a pool cannot be changed or reordered, "
            "because everything that it has learned depends on them; list the existing features ",
            ListOf(present.features), " first and new ones after them, or create a new pool"),
        reason::kSettingFixed, "settings.features");
  }
  return absl::OkStatus();
}

}  // namespace pointsman::engine
