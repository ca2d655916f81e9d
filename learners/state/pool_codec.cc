#include "learners/state/pool_codec.h"

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/settings.h"
#include "learners/state/learned_state.h"

namespace pointsman::learners {
namespace {

// The format follows as one digit. Format 1 is not read: the log is replayed instead, because the versions that
// wrote format 1 never shortened it. The table of settings says which format added which setting. Format 4 also
// added price tiers, versions and aliases of arms, among others, and trackers and levels that age by the pool's
// outcomes.
constexpr std::string_view kMagic = "PMLEARN";
constexpr int kFirstFormat = 2;
constexpr int kLastFormat = 6;

void PutOptional(const std::optional<double>& value, ByteWriter& out) {
  out.Put(static_cast<uint8_t>(value.has_value()));
  if (value) out.Put(*value);
}

double GetFinite(ByteReader& in) {
  const auto value = in.Get<double>();
  if (!std::isfinite(value)) in.Fail();
  return value;
}

std::optional<double> GetOptional(ByteReader& in) {
  if (!in.GetBool()) return std::nullopt;
  return GetFinite(in);
}

void EncodeEmbedder(const EmbedderSettings& settings, ByteWriter& out) {
  out.PutString(settings.name);
  out.Put(settings.dimension);
  out.Put(settings.projected);
  out.Put(settings.projection_seed);
  out.PutString(settings.lexicon_file);
  out.Put(settings.sketch_weight);
  out.Put(settings.lexicon_checksum);
  out.PutArray(std::span<const float>(settings.projection_rows));
  // Only for embedders that have them, so the bytes of all others stay as they were.
  if (settings.name != kRemoteEmbedder) return;
  out.PutString(settings.endpoint);
  out.PutString(settings.model);
}

EmbedderSettings DecodeEmbedder(ByteReader& in) {
  EmbedderSettings settings;
  settings.name = in.GetString();
  settings.dimension = in.Get<uint32_t>();
  settings.projected = in.Get<uint32_t>();
  settings.projection_seed = in.Get<uint64_t>();
  settings.lexicon_file = in.GetString();
  settings.sketch_weight = GetFinite(in);
  settings.lexicon_checksum = in.Get<uint64_t>();
  settings.projection_rows = in.GetArray<float>();
  if (settings.name != kRemoteEmbedder) return settings;
  settings.endpoint = in.GetString();
  settings.model = in.GetString();
  return settings;
}

// A number that the bytes are too old to hold is 0, as in records, and means what the older version did.
void SwitchOff(const SettingRow& row, PoolSettings& settings) {
  VisitSetting(row, settings, [&]<class T>(T& value) {
    if constexpr (std::is_same_v<T, double>) value = 0;
  });
}

void EncodeSetting(const SettingRow& row, const PoolSettings& settings, ByteWriter& out) {
  VisitSetting(row, settings, [&]<class T>(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      out.PutString(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      out.Put(static_cast<uint8_t>(value));
    } else {
      out.Put(value);
    }
  });
}

void DecodeSetting(const SettingRow& row, PoolSettings& settings, ByteReader& in) {
  VisitSetting(row, settings, [&]<class T>(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      value = in.GetString();
    } else if constexpr (std::is_same_v<T, bool>) {
      value = in.GetBool();
    } else if constexpr (std::is_same_v<T, double>) {
      value = GetFinite(in);
    } else {
      value = in.Get<T>();
      if constexpr (std::is_enum_v<T>) {
        if (value < T{1} || static_cast<std::size_t>(value) > row.values.size()) in.Fail();
      }
    }
  });
}

void EncodeFeatures(const std::vector<FeatureSpec>& features, ByteWriter& out) {
  out.Put(static_cast<uint64_t>(features.size()));
  for (const FeatureSpec& feature : features) {
    out.PutString(feature.name);
    out.Put(feature.center);
    out.Put(feature.scale);
    out.Put(feature.weight);
  }
}

std::vector<FeatureSpec> DecodeFeatures(ByteReader& in) {
  std::vector<FeatureSpec> features(in.GetCount(8 + 3 * 8));
  for (FeatureSpec& feature : features) {
    feature.name = in.GetString();
    feature.center = GetFinite(in);
    feature.scale = GetFinite(in);
    feature.weight = GetFinite(in);
  }
  return features;
}

// The format of a snapshot; 0: not a format that this version reads.
int FormatOf(std::string_view bytes) {
  if (bytes.size() <= kMagic.size() || bytes.substr(0, kMagic.size()) != kMagic) return 0;
  const int format = bytes[kMagic.size()] - '0';
  return format >= kFirstFormat && format <= kLastFormat ? format : 0;
}

}  // namespace

void EncodePool(const Pool& pool, ByteWriter& out) {
  const PoolSettings& settings = pool.settings;
  out.Put(pool.id);
  out.PutString(pool.name);
  out.Put(pool.created_at);
  EncodeEmbedder(settings.embedder, out);
  EncodeFeatures(settings.features, out);
  for (const SettingRow& row : SettingTable()) {
    if (row.format == kFirstFormat) EncodeSetting(row, settings, out);
  }
  out.Put(settings.default_preference.quality);
  out.Put(settings.default_preference.cost);
  out.Put(settings.default_preference.latency);
  for (const SettingRow& row : SettingTable()) {
    if (row.format > kFirstFormat) EncodeSetting(row, settings, out);
  }
}

Pool DecodePool(ByteReader& in) {
  Pool pool;
  PoolSettings& settings = pool.settings;
  pool.id = in.Get<PoolId>();
  pool.name = in.GetString();
  pool.created_at = in.Get<Micros>();
  settings.embedder = DecodeEmbedder(in);
  settings.features = DecodeFeatures(in);
  for (const SettingRow& row : SettingTable()) {
    if (row.format == kFirstFormat) DecodeSetting(row, settings, in);
  }
  settings.default_preference.quality = GetFinite(in);
  settings.default_preference.cost = GetFinite(in);
  settings.default_preference.latency = GetFinite(in);
  for (const SettingRow& row : SettingTable()) {
    if (row.format > kFirstFormat && row.format <= in.format()) DecodeSetting(row, settings, in);
    if (row.format > in.format()) SwitchOff(row, settings);
  }
  return pool;
}

void EncodeArm(const Arm& arm, ByteWriter& out) {
  out.Put(arm.id);
  out.PutString(arm.name);
  out.PutString(arm.description);
  out.Put(static_cast<uint64_t>(arm.tags.size()));
  for (const std::string& tag : arm.tags) out.PutString(tag);
  PutOptional(arm.usd_per_1m_input, out);
  PutOptional(arm.usd_per_1m_output, out);
  out.Put(arm.context_tokens_max);
  PutOptional(arm.prior_quality, out);
  out.Put(arm.prior_strength);
  PutOptional(arm.prior_latency_ms, out);
  PutOptional(arm.prior_output_tokens, out);
  out.Put(static_cast<uint8_t>(arm.status));
  PutOptional(arm.usd_per_request, out);
  PutOptional(arm.usd_per_1m_cached_input, out);
  out.Put(static_cast<uint64_t>(arm.price_tiers.size()));
  for (const PriceTier& tier : arm.price_tiers) {
    out.Put(tier.above_input_tokens);
    PutOptional(tier.usd_per_1m_input, out);
    PutOptional(tier.usd_per_1m_output, out);
    PutOptional(tier.usd_per_1m_cached_input, out);
  }
  out.Put(arm.output_tokens_max);
  out.PutString(arm.version);
  out.Put(static_cast<uint64_t>(arm.aliases.size()));
  for (const std::string& alias : arm.aliases) out.PutString(alias);
}

Arm DecodeArm(ByteReader& in) {
  Arm arm;
  arm.id = in.Get<ArmId>();
  arm.name = in.GetString();
  arm.description = in.GetString();
  arm.tags.resize(in.GetCount(8));
  for (std::string& tag : arm.tags) tag = in.GetString();
  arm.usd_per_1m_input = GetOptional(in);
  arm.usd_per_1m_output = GetOptional(in);
  arm.context_tokens_max = in.Get<int64_t>();
  arm.prior_quality = GetOptional(in);
  arm.prior_strength = GetFinite(in);
  arm.prior_latency_ms = GetOptional(in);
  arm.prior_output_tokens = GetOptional(in);
  const auto status = in.Get<uint8_t>();
  if (status < static_cast<uint8_t>(ArmStatus::kActive) ||
      status > static_cast<uint8_t>(ArmStatus::kRemoved)) {
    in.Fail();
    return arm;
  }
  arm.status = static_cast<ArmStatus>(status);
  if (in.format() < 4) return arm;
  arm.usd_per_request = GetOptional(in);
  arm.usd_per_1m_cached_input = GetOptional(in);
  arm.price_tiers.resize(in.GetCount(11));
  for (PriceTier& tier : arm.price_tiers) {
    tier.above_input_tokens = in.Get<int64_t>();
    tier.usd_per_1m_input = GetOptional(in);
    tier.usd_per_1m_output = GetOptional(in);
    tier.usd_per_1m_cached_input = GetOptional(in);
  }
  arm.output_tokens_max = in.Get<int64_t>();
  arm.version = in.GetString();
  arm.aliases.resize(in.GetCount(8));
  for (std::string& alias : arm.aliases) alias = in.GetString();
  return arm;
}

std::string LearnedState::Encode() const {
  ByteWriter out;
  for (const char c : kMagic) out.Put(c);
  out.Put(static_cast<char>('0' + kLastFormat));
  out.Put(version_);
  out.Put(time_);
  out.Put(outcomes_);
  EncodePool(*pool_, out);
  out.Put(clock_);
  for (const LevelSums* sums : {&latencies_, &first_tokens_}) out.Put(*sums);
  out.Put(input_tokens_);
  out.Put(query_tokens_);
  out.Put(static_cast<uint64_t>(fresh_since_.size()));
  for (const auto& [arm, sequence] : fresh_since_) {
    out.Put(arm);
    out.Put(sequence);
  }
  out.Put(static_cast<uint64_t>(arms_.size()));
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    EncodeArm(*arms_.Get(i), out);
    const ArmTracker* tracker = trackers_.Get(i);
    out.Put(static_cast<uint8_t>(tracker != nullptr));
    if (tracker != nullptr) tracker->Encode(out);
  }
  quality_->Encode(out);
  return out.Take();
}

void LearnedState::DecodeLevels(ByteReader& in, LearnedState& state) {
  state.clock_ = GetFinite(in);
  for (LevelSums* sums : {&state.latencies_, &state.first_tokens_}) {
    for (double* number : {&sums->count, &sums->sum, &sums->squares}) *number = GetFinite(in);
  }
  DecayedLine& line = state.input_tokens_;
  for (double* number : {&line.weight, &line.x, &line.y, &line.xx, &line.xy,
                         &state.query_tokens_.sum, &state.query_tokens_.weight}) {
    *number = GetFinite(in);
  }
  for (uint64_t n = in.GetCount(12); n > 0 && in.ok(); --n) {
    const auto arm = in.Get<ArmId>();
    state.fresh_since_[arm] = in.Get<Sequence>();
  }
}

bool LearnedState::IsPresentFormat(std::string_view bytes) {
  return FormatOf(bytes) == kLastFormat;
}

absl::StatusOr<LearnedState> LearnedState::Decode(std::string_view bytes) {
  const int format = FormatOf(bytes);
  if (format == 0) {
    return DataLoss("snapshot: it is not a learned state of format ", kMagic, kFirstFormat, " to ",
                    kLastFormat, "; use an older snapshot or replay the log");
  }
  ByteReader in(bytes.substr(kMagic.size() + 1));
  in.SetFormat(format);
  LearnedState state;
  state.version_ = state.arms_version_ = in.Get<Sequence>();
  state.time_ = in.Get<Micros>();
  state.outcomes_ = in.Get<uint64_t>();
  state.pool_ = std::make_shared<const Pool>(DecodePool(in));
  const PoolSettings& settings = state.pool_->settings;
  if (!in.ok() || !ValidateForLearning(settings).ok()) {
    return DataLoss("snapshot: the pool's settings cannot be read; use an older snapshot");
  }
  if (format >= 4) DecodeLevels(in, state);
  const uint64_t count = in.GetCount(60);  // fewer bytes than any arm takes
  state.arms_.BeginEdit();
  state.trackers_.BeginEdit();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    Arm arm = DecodeArm(in);
    if (Index(arm.id) != i) in.Fail();
    state.arms_.Set(i, std::make_shared<const Arm>(std::move(arm)));
    if (!in.GetBool()) continue;
    ArmTracker& tracker = state.trackers_.Mutable(i) = ArmTracker::Decode(in);
    state.any_rate_limited_until_ =
        std::max(state.any_rate_limited_until_, tracker.rate_limited_until());
  }
  state.arms_.EndEdit();
  state.trackers_.EndEdit();
  if (!in.ok()) return DataLoss("snapshot: the arms cannot be read; use an older snapshot");
  ASSIGN_OR_RETURN(state.quality_,
                   DecodeQualityModel(settings.learner, ContextDimension(settings), in));
  if (!in.AtEnd()) return DataLoss("snapshot: bytes are left over; use an older snapshot");
  // Older formats lack the sums over arms: they are computed from each arm.
  if (format < 4) {
    for (uint64_t i = 0; i < count; ++i) state.CountLevels(static_cast<ArmId>(i), 1);
  }
  return state;
}

uint64_t StateChecksum(const LearnedState& state) { return Checksum(state.Encode()); }

}  // namespace pointsman::learners
