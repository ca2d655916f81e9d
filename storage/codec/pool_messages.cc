#include "storage/codec/pool_messages.h"

#include "pointsman/record/v1/record.pb.h"

namespace pointsman {
namespace {

namespace proto = ::pointsman::record::v1;

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
  const proto::LearnerSettings& l = s.learner();
  settings.learner = {.quality_model = l.quality_model(),
                      .exploration = l.exploration(),
                      .exploration_floor = l.exploration_floor(),
                      .exploration_scale = l.exploration_scale(),
                      .epsilon = l.epsilon(),
                      .temperature = l.temperature(),
                      .squarecb_gamma = l.squarecb_gamma(),
                      .half_life_s = l.half_life_s(),
                      .half_life_outcomes = l.half_life_outcomes(),
                      .forget_outcomes = l.forget_outcomes()};
  settings.cost_scale_usd = s.cost_scale_usd();
  settings.latency_scale_ms = s.latency_scale_ms();
  settings.shortlist_size = s.shortlist_size();
  settings.neighbours = s.neighbours();
  settings.experience_max = s.experience_max();
  settings.feedback_window = s.feedback_window_us();
  settings.store_query_text = s.store_query_text();
  settings.missing_feedback = s.missing_feedback() == 0
                                  ? MissingFeedback::kNothing
                                  : EnumOf<MissingFeedback>(s.missing_feedback());
  settings.missing_quality = s.missing_quality();
  settings.client_weight_per_hour = s.client_weight_per_hour();
  settings.default_preference = PreferenceOf(s.default_preference());
  settings.latency_kind =
      s.latency_kind() == 0 ? LatencyKind::kTotal : EnumOf<LatencyKind>(s.latency_kind());
  settings.strict_names = s.strict_names();
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
  proto::LearnerSettings& l = *s.mutable_learner();
  l.set_quality_model(settings.learner.quality_model);
  l.set_exploration(settings.learner.exploration);
  l.set_exploration_floor(settings.learner.exploration_floor);
  l.set_exploration_scale(settings.learner.exploration_scale);
  l.set_epsilon(settings.learner.epsilon);
  l.set_temperature(settings.learner.temperature);
  l.set_squarecb_gamma(settings.learner.squarecb_gamma);
  l.set_half_life_s(settings.learner.half_life_s);
  l.set_half_life_outcomes(settings.learner.half_life_outcomes);
  l.set_forget_outcomes(settings.learner.forget_outcomes);
  s.set_cost_scale_usd(settings.cost_scale_usd);
  s.set_latency_scale_ms(settings.latency_scale_ms);
  s.set_shortlist_size(settings.shortlist_size);
  s.set_neighbours(settings.neighbours);
  s.set_experience_max(settings.experience_max);
  s.set_feedback_window_us(settings.feedback_window);
  s.set_store_query_text(settings.store_query_text);
  s.set_missing_feedback(static_cast<uint32_t>(settings.missing_feedback));
  s.set_missing_quality(settings.missing_quality);
  s.set_client_weight_per_hour(settings.client_weight_per_hour);
  *s.mutable_default_preference() = MessageOf(settings.default_preference);
  s.set_latency_kind(static_cast<uint32_t>(settings.latency_kind));
  s.set_strict_names(settings.strict_names);
  return p;
}

Pool PoolOf(const proto::Pool& p) {
  return {PoolId{p.id()}, p.name(), SettingsOf(p.settings()), p.created_at_us()};
}

}  // namespace pointsman
