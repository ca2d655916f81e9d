#include "storage/codec/pool_messages.h"

#include <type_traits>

#include "base/check.h"
#include "base/strings.h"
#include "domain/settings.h"
#include "pointsman/record/v1/record.pb.h"

namespace pointsman::storage {
namespace {

namespace proto = ::pointsman::record::v1;

// The field of a row in the message that it is in. Durations are stored in microseconds.
const google::protobuf::FieldDescriptor* FieldOf(const SettingRow& row,
                                                 const google::protobuf::Message& message) {
  std::string name(row.field_name());
  if (std::holds_alternative<Micros PoolSettings::*>(row.field)) {
    name.replace(name.size() - 1, 1, "us");
  }
  const google::protobuf::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  POINTSMAN_CHECK(field != nullptr);
  return field;
}

void ReadSetting(const SettingRow& row, const google::protobuf::Message& message,
                 PoolSettings& settings) {
  const auto* field = FieldOf(row, message);
  const auto* reflection = message.GetReflection();
  VisitSetting(row, settings, [&]<class T>(T& value) {
    if constexpr (std::is_enum_v<T>) {
      // 0: the record was stored before this setting existed.
      const uint32_t stored = reflection->GetUInt32(message, field);
      value = stored == 0 ? T{1} : EnumOf<T>(stored);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = reflection->GetString(message, field);
    } else if constexpr (std::is_same_v<T, double>) {
      value = reflection->GetDouble(message, field);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = reflection->GetBool(message, field);
    } else if constexpr (std::is_same_v<T, Micros>) {
      value = reflection->GetInt64(message, field);
    } else {
      static_assert(std::is_same_v<T, uint32_t>);
      value = reflection->GetUInt32(message, field);
    }
  });
}

void WriteSetting(const SettingRow& row, const PoolSettings& settings,
                  google::protobuf::Message& message) {
  const auto* field = FieldOf(row, message);
  const auto* reflection = message.GetReflection();
  VisitSetting(row, settings, [&]<class T>(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      reflection->SetUInt32(&message, field, static_cast<uint32_t>(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      reflection->SetString(&message, field, value);
    } else if constexpr (std::is_same_v<T, double>) {
      reflection->SetDouble(&message, field, value);
    } else if constexpr (std::is_same_v<T, bool>) {
      reflection->SetBool(&message, field, value);
    } else if constexpr (std::is_same_v<T, Micros>) {
      reflection->SetInt64(&message, field, value);
    } else {
      static_assert(std::is_same_v<T, uint32_t>);
      reflection->SetUInt32(&message, field, value);
    }
  });
}

PoolSettings SettingsOf(const proto::PoolSettings& s) {
  PoolSettings settings;
  const proto::EmbedderSettings& e = s.embedder();
  settings.embedder = {.name = e.name(),
                       .dimension = e.dimension(),
                       .projected = e.projected(),
                       .projection_seed = e.projection_seed(),
                       .lexicon_file = e.lexicon_file(),
                       .sketch_weight = e.sketch_weight(),
                       .lexicon_checksum = e.lexicon_checksum(),
                       .endpoint = e.endpoint(),
                       .model = e.model(),
                       .projection_rows = {e.projection_rows().begin(), e.projection_rows().end()}};
  for (const proto::FeatureSpec& f : s.features()) {
    settings.features.push_back({f.name(), f.center(), f.scale(), f.weight()});
  }
  settings.default_preference = PreferenceOf(s.default_preference());
  for (const SettingRow& row : SettingTable()) {
    if (row.is_of_learner()) {
      ReadSetting(row, s.learner(), settings);
    } else {
      ReadSetting(row, s, settings);
    }
  }
  return settings;
}

}  // namespace

proto::Preference MessageOf(const Preference& preference) {
  proto::Preference p;
  p.set_quality(preference.quality);
  p.set_cost(preference.cost);
  p.set_latency(preference.latency);
  return p;
}

Preference PreferenceOf(const proto::Preference& p) { return {p.quality(), p.cost(), p.latency()}; }

proto::Arm MessageOf(const Arm& arm) {
  proto::Arm p;
  p.set_id(Index(arm.id));
  p.set_name(arm.name);
  p.set_description(arm.description);
  for (const std::string& tag : arm.tags) p.add_tags(tag);
  if (arm.usd_per_1m_input) p.set_usd_per_1m_input(*arm.usd_per_1m_input);
  if (arm.usd_per_1m_output) p.set_usd_per_1m_output(*arm.usd_per_1m_output);
  p.set_context_tokens_max(arm.context_tokens_max);
  if (arm.prior_quality) p.set_prior_quality(*arm.prior_quality);
  p.set_prior_strength(arm.prior_strength);
  if (arm.prior_latency_ms) p.set_prior_latency_ms(*arm.prior_latency_ms);
  if (arm.prior_output_tokens) p.set_prior_output_tokens(*arm.prior_output_tokens);
  p.set_status(static_cast<uint32_t>(arm.status));
  if (arm.usd_per_request) p.set_usd_per_request(*arm.usd_per_request);
  if (arm.usd_per_1m_cached_input) p.set_usd_per_1m_cached_input(*arm.usd_per_1m_cached_input);
  for (const PriceTier& tier : arm.price_tiers) {
    auto& t = *p.add_price_tiers();
    t.set_above_input_tokens(tier.above_input_tokens);
    if (tier.usd_per_1m_input) t.set_usd_per_1m_input(*tier.usd_per_1m_input);
    if (tier.usd_per_1m_output) t.set_usd_per_1m_output(*tier.usd_per_1m_output);
    if (tier.usd_per_1m_cached_input) t.set_usd_per_1m_cached_input(*tier.usd_per_1m_cached_input);
  }
  p.set_output_tokens_max(arm.output_tokens_max);
  p.set_version(arm.version);
  for (const std::string& alias : arm.aliases) p.add_aliases(alias);
  return p;
}

Arm ArmOf(const proto::Arm& p) {
  Arm arm;
  arm.id = ArmId{p.id()};
  arm.name = p.name();
  arm.description = p.description();
  arm.tags.assign(p.tags().begin(), p.tags().end());
  if (p.has_usd_per_1m_input()) arm.usd_per_1m_input = p.usd_per_1m_input();
  if (p.has_usd_per_1m_output()) arm.usd_per_1m_output = p.usd_per_1m_output();
  arm.context_tokens_max = p.context_tokens_max();
  if (p.has_prior_quality()) arm.prior_quality = p.prior_quality();
  arm.prior_strength = p.prior_strength();
  if (p.has_prior_latency_ms()) arm.prior_latency_ms = p.prior_latency_ms();
  if (p.has_prior_output_tokens()) arm.prior_output_tokens = p.prior_output_tokens();
  arm.status = EnumOf<ArmStatus>(p.status());
  if (p.has_usd_per_request()) arm.usd_per_request = p.usd_per_request();
  if (p.has_usd_per_1m_cached_input()) arm.usd_per_1m_cached_input = p.usd_per_1m_cached_input();
  for (const auto& t : p.price_tiers()) {
    PriceTier& tier = arm.price_tiers.emplace_back();
    tier.above_input_tokens = t.above_input_tokens();
    if (t.has_usd_per_1m_input()) tier.usd_per_1m_input = t.usd_per_1m_input();
    if (t.has_usd_per_1m_output()) tier.usd_per_1m_output = t.usd_per_1m_output();
    if (t.has_usd_per_1m_cached_input()) tier.usd_per_1m_cached_input = t.usd_per_1m_cached_input();
  }
  arm.output_tokens_max = p.output_tokens_max();
  arm.version = p.version();
  arm.aliases.assign(p.aliases().begin(), p.aliases().end());
  return arm;
}

proto::Pool MessageOf(const Pool& pool) {
  proto::Pool p;
  p.set_id(Index(pool.id));
  p.set_name(pool.name);
  p.set_created_at_us(pool.created_at);
  const PoolSettings& settings = pool.settings;
  proto::PoolSettings& s = *p.mutable_settings();
  proto::EmbedderSettings& e = *s.mutable_embedder();
  e.set_name(settings.embedder.name);
  e.set_dimension(settings.embedder.dimension);
  e.set_projected(settings.embedder.projected);
  e.set_projection_seed(settings.embedder.projection_seed);
  e.set_lexicon_file(settings.embedder.lexicon_file);
  e.set_sketch_weight(settings.embedder.sketch_weight);
  e.set_lexicon_checksum(settings.embedder.lexicon_checksum);
  e.mutable_projection_rows()->Assign(settings.embedder.projection_rows.begin(),
                                      settings.embedder.projection_rows.end());
  e.set_endpoint(settings.embedder.endpoint);
  e.set_model(settings.embedder.model);
  for (const FeatureSpec& feature : settings.features) {
    proto::FeatureSpec& f = *s.add_features();
    f.set_name(feature.name);
    f.set_center(feature.center);
    f.set_scale(feature.scale);
    f.set_weight(feature.weight);
  }
  *s.mutable_default_preference() = MessageOf(settings.default_preference);
  for (const SettingRow& row : SettingTable()) {
    if (row.is_of_learner()) {
      WriteSetting(row, settings, *s.mutable_learner());
    } else {
      WriteSetting(row, settings, s);
    }
  }
  return p;
}

Pool PoolOf(const proto::Pool& p) {
  return {PoolId{p.id()}, p.name(), SettingsOf(p.settings()), p.created_at_us()};
}

}  // namespace pointsman::storage
