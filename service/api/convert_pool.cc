// Pool settings: the part of service/api/convert.h that defines what an unset field of a pool means.
#include <algorithm>

#include "base/strings.h"
#include "service/api/convert.h"
#include "engine/request/validate.h"

namespace pointsman {
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

void Edit(const v1::LearnerSettings& message, LearnerSettings& learner) {
  if (!message.quality_model().empty()) learner.quality_model = message.quality_model();
  if (!message.exploration().empty()) learner.exploration = message.exploration();
  if (message.has_exploration_floor()) learner.exploration_floor = message.exploration_floor();
  if (message.has_exploration_scale()) learner.exploration_scale = message.exploration_scale();
  if (message.has_epsilon()) learner.epsilon = message.epsilon();
  if (message.has_temperature()) learner.temperature = message.temperature();
  if (message.has_squarecb_gamma()) learner.squarecb_gamma = message.squarecb_gamma();
  if (message.has_half_life_s()) learner.half_life_s = message.half_life_s();
  if (message.has_half_life_outcomes()) learner.half_life_outcomes = message.half_life_outcomes();
  if (message.has_forget_outcomes()) learner.forget_outcomes = message.forget_outcomes();
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
  if (m.has_learner()) Edit(m.learner(), s.learner);
  if (m.has_cost_scale_usd()) s.cost_scale_usd = m.cost_scale_usd();
  if (m.has_latency_scale_ms()) s.latency_scale_ms = m.latency_scale_ms();
  if (m.has_shortlist_size()) s.shortlist_size = m.shortlist_size();
  if (m.has_neighbours()) s.neighbours = m.neighbours();
  if (m.has_experience_max()) s.experience_max = m.experience_max();
  if (m.has_feedback_window_s()) {
    if (m.feedback_window_s() < 1 || m.feedback_window_s() > 366 * 86400) {
      return BadField("settings.feedback_window_s", "must be from 1 to 31622400 s");
    }
    s.feedback_window = m.feedback_window_s() * kMicrosPerSecond;
  }
  if (m.has_store_query_text()) s.store_query_text = m.store_query_text();
  if (m.has_missing_quality()) s.missing_quality = m.missing_quality();
  if (m.has_client_weight_per_hour()) s.client_weight_per_hour = m.client_weight_per_hour();
  if (m.has_strict_names()) s.strict_names = m.strict_names();
  switch (m.latency_kind()) {
    case v1::LATENCY_KIND_UNSPECIFIED:
      break;
    case v1::TOTAL:
      s.latency_kind = LatencyKind::kTotal;
      break;
    case v1::FIRST_TOKEN:
      s.latency_kind = LatencyKind::kFirstToken;
      break;
    default:
      return BadField("settings.latency_kind", Cat("unknown latency kind ", m.latency_kind()));
  }
  switch (m.missing_feedback()) {
    case v1::MISSING_FEEDBACK_UNSPECIFIED:
      break;
    case v1::NOTHING:
      s.missing_feedback = MissingFeedback::kNothing;
      break;
    case v1::DEFAULT_QUALITY:
      if (!m.has_missing_quality() && present.missing_feedback != MissingFeedback::kQuality) {
        return BadField("settings.missing_quality",
                        "is required with missing_feedback DEFAULT_QUALITY: it is the quality to "
                        "assume without feedback");
      }
      s.missing_feedback = MissingFeedback::kQuality;
      break;
    default:
      return BadField("settings.missing_feedback", Cat("unknown value ", m.missing_feedback()));
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
  auto* learner = out.mutable_learner();
  learner->set_quality_model(s.learner.quality_model);
  learner->set_exploration(s.learner.exploration);
  learner->set_exploration_floor(s.learner.exploration_floor);
  learner->set_exploration_scale(s.learner.exploration_scale);
  learner->set_epsilon(s.learner.epsilon);
  learner->set_temperature(s.learner.temperature);
  learner->set_squarecb_gamma(s.learner.squarecb_gamma);
  learner->set_half_life_s(s.learner.half_life_s);
  learner->set_half_life_outcomes(s.learner.half_life_outcomes);
  learner->set_forget_outcomes(s.learner.forget_outcomes);
  out.set_cost_scale_usd(s.cost_scale_usd);
  out.set_latency_scale_ms(s.latency_scale_ms);
  out.set_shortlist_size(s.shortlist_size);
  out.set_neighbours(s.neighbours);
  out.set_experience_max(s.experience_max);
  out.set_feedback_window_s(s.feedback_window / kMicrosPerSecond);
  out.set_store_query_text(s.store_query_text);
  out.set_missing_feedback(static_cast<v1::MissingFeedback>(s.missing_feedback));
  out.set_missing_quality(s.missing_quality);
  out.set_client_weight_per_hour(s.client_weight_per_hour);
  out.set_latency_kind(static_cast<v1::LatencyKind>(s.latency_kind));
  out.set_strict_names(s.strict_names);
  auto* p = out.mutable_default_preference();
  p->set_quality(s.default_preference.quality);
  p->set_cost(s.default_preference.cost);
  p->set_latency(s.default_preference.latency);
  return out;
}

v1::Pool ToProto(const PoolInfo& info) {
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

}  // namespace pointsman
