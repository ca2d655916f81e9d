// Pool settings: the part of service/api/convert.h that defines what an unset field of a pool means.
#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/settings.h"
#include "engine/request/validate.h"
#include "service/api/convert.h"

namespace pointsman::service {
namespace {

void Edit(const v1::EmbedderSettings& message, EmbedderSettings& embedder) {
  if (!message.name().empty()) embedder.name = message.name();
  if (message.dimension() != 0) embedder.dimension = message.dimension();
  if (message.projected() != 0) embedder.projected = message.projected();
  if (message.projection_seed() != 0) embedder.projection_seed = message.projection_seed();
  if (!message.lexicon_file().empty()) embedder.lexicon_file = message.lexicon_file();
  if (!message.endpoint().empty()) embedder.endpoint = message.endpoint();
  if (!message.model().empty()) embedder.model = message.model();
  if (message.has_sketch_weight()) embedder.sketch_weight = message.sketch_weight();
  if (message.lexicon_checksum() != 0) embedder.lexicon_checksum = message.lexicon_checksum();
  if (message.projection_rows_size() > 0) {
    embedder.projection_rows.assign(message.projection_rows().begin(),
                                    message.projection_rows().end());
  }
}

const google::protobuf::FieldDescriptor* FieldOf(const SettingRow& row,
                                                 const google::protobuf::Message& message) {
  const auto* field = message.GetDescriptor()->FindFieldByName(std::string(row.field_name()));
  POINTSMAN_CHECK(field != nullptr);
  return field;
}

// Converts `seconds` of the contract to a duration. The range is checked first, because not every number fits.
absl::Status Edit(const SettingRow& row, int64_t seconds, Micros& value) {
  const auto least = static_cast<int64_t>(row.least), most = static_cast<int64_t>(row.most);
  if (seconds < least || seconds > most) {
    return engine::BadField(Cat("settings.", row.name),
                            Cat("must be from ", least, " to ", most, " s"));
  }
  value = seconds * kMicrosPerSecond;
  return absl::OkStatus();
}

template <class Enum>
absl::Status EditEnum(const SettingRow& row, int wanted, Enum& value) {
  if (wanted < 1 || wanted > static_cast<int>(row.values.size())) {
    return engine::BadField(Cat("settings.", row.name), Cat("unknown ", row.unit, " ", wanted));
  }
  value = static_cast<Enum>(wanted);
  return absl::OkStatus();
}

// Settings that are unset in `message` stay unchanged.
absl::Status Edit(const SettingRow& row, const google::protobuf::Message& message,
                  PoolSettings& settings) {
  const auto* field = FieldOf(row, message);
  const auto* reflection = message.GetReflection();
  if (!reflection->HasField(message, field)) return absl::OkStatus();
  return VisitSetting(row, settings, [&]<class T>(T& value) -> absl::Status {
    if constexpr (std::is_enum_v<T>) {
      return EditEnum(row, reflection->GetEnumValue(message, field), value);
    } else if constexpr (std::is_same_v<T, Micros>) {
      return Edit(row, reflection->GetInt64(message, field), value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = reflection->GetString(message, field);
    } else if constexpr (std::is_same_v<T, double>) {
      value = reflection->GetDouble(message, field);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = reflection->GetBool(message, field);
    } else {
      static_assert(std::is_same_v<T, uint32_t>);
      value = reflection->GetUInt32(message, field);
    }
    return absl::OkStatus();
  });
}

void Set(const SettingRow& row, const PoolSettings& settings, google::protobuf::Message& message) {
  const auto* field = FieldOf(row, message);
  const auto* reflection = message.GetReflection();
  VisitSetting(row, settings, [&]<class T>(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      reflection->SetEnumValue(&message, field, static_cast<int>(value));
    } else if constexpr (std::is_same_v<T, Micros>) {
      reflection->SetInt64(&message, field, value / kMicrosPerSecond);
    } else if constexpr (std::is_same_v<T, std::string>) {
      reflection->SetString(&message, field, value);
    } else if constexpr (std::is_same_v<T, double>) {
      reflection->SetDouble(&message, field, value);
    } else if constexpr (std::is_same_v<T, bool>) {
      reflection->SetBool(&message, field, value);
    } else {
      static_assert(std::is_same_v<T, uint32_t>);
      reflection->SetUInt32(&message, field, value);
    }
  });
}

}  // namespace

absl::StatusOr<PoolSettings> Edited(const PoolSettings& present, const v1::PoolSettings& m) {
  PoolSettings s = present;
  if (m.has_embedder()) Edit(m.embedder(), s.embedder);
  if (m.features_size() > 0) {
    s.features.clear();
    for (const auto& f : m.features()) {
      FeatureSpec spec;
      spec.name = f.name();
      spec.center = f.center();
      if (f.scale() != 0) spec.scale = f.scale();
      if (f.weight() != 0) spec.weight = f.weight();
      s.features.push_back(std::move(spec));
    }
  }
  for (const SettingRow& row : SettingTable()) {
    RETURN_IF_ERROR(row.is_of_learner() ? Edit(row, m.learner(), s) : Edit(row, m, s));
  }
  if (m.missing_feedback() == v1::DEFAULT_QUALITY && !m.has_missing_quality() &&
      present.missing_feedback != MissingFeedback::kQuality) {
    return engine::BadField(
        "settings.missing_quality",
        "is required with missing_feedback DEFAULT_QUALITY: it is the quality to "
        "assume without feedback");
  }
  if (m.has_default_preference()) {
    const auto& p = m.default_preference();
    s.default_preference = {p.quality(), p.cost(), p.latency()};
  }
  return s;
}

v1::PoolSettings ToProto(const PoolSettings& s) {
  v1::PoolSettings out;
  auto* embedder = out.mutable_embedder();
  embedder->set_name(s.embedder.name);
  embedder->set_dimension(s.embedder.dimension);
  embedder->set_projected(s.embedder.projected);
  embedder->set_projection_seed(s.embedder.projection_seed);
  embedder->set_lexicon_file(s.embedder.lexicon_file);
  embedder->set_sketch_weight(s.embedder.sketch_weight);
  embedder->set_lexicon_checksum(s.embedder.lexicon_checksum);
  embedder->set_endpoint(s.embedder.endpoint);
  embedder->set_model(s.embedder.model);
  embedder->set_projection_is_fitted(!s.embedder.projection_rows.empty());
  for (const FeatureSpec& f : s.features) {
    auto* feature = out.add_features();
    feature->set_name(f.name);
    feature->set_center(f.center);
    feature->set_scale(f.scale);
    feature->set_weight(f.weight);
  }
  for (const SettingRow& row : SettingTable()) {
    if (row.is_of_learner()) {
      Set(row, s, *out.mutable_learner());
    } else {
      Set(row, s, out);
    }
  }
  auto* p = out.mutable_default_preference();
  p->set_quality(s.default_preference.quality);
  p->set_cost(s.default_preference.cost);
  p->set_latency(s.default_preference.latency);
  return out;
}

v1::Pool ToProto(const engine::PoolInfo& info) {
  v1::Pool out;
  out.set_name(info.pool.name);
  *out.mutable_settings() = ToProto(info.pool.settings);
  out.set_id(Index(info.pool.id));
  out.set_created_at_unix_ms(info.pool.created_at / kMicrosPerMs);
  out.set_arms_active(info.arms_active);
  out.set_arms_paused(info.arms_paused);
  out.set_snapshot_version(info.snapshot_version);
  out.set_problem(info.problem);
  return out;
}

}  // namespace pointsman::service
