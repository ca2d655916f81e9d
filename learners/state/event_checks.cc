#include "learners/state/event_checks.h"

#include <cmath>
#include <optional>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/ranges.h"
#include "learners/choice/exploration.h"
#include "learners/state/learned_state.h"

namespace pointsman::learners {
namespace {

constexpr uint32_t kContextDimensionMax = 4096 + 32;

absl::Status CheckRange(const char* name, double value, double least, double most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return InvalidArgument(name, ": must be from ", least, " to ", most, ", got ", value);
}

template <class T>
absl::Status CheckField(const char* name, const std::optional<T>& value, double least,
                        double most) {
  return value ? CheckRange(name, static_cast<double>(*value), least, most) : absl::OkStatus();
}

absl::Status CheckOutcome(const Outcome& outcome) {
  RETURN_IF_ERROR(CheckField("quality", outcome.quality, 0, 1));
  RETURN_IF_ERROR(CheckField("latency_ms", outcome.latency_ms, 0, kLoggedMsMax));
  RETURN_IF_ERROR(CheckField("cost_usd", outcome.cost_usd, 0, kLoggedUsdMax));
  RETURN_IF_ERROR(CheckField("input_tokens", outcome.input_tokens, 0, kLoggedTokensMax));
  RETURN_IF_ERROR(CheckField("first_token_ms", outcome.first_token_ms, 0, kLoggedMsMax));
  RETURN_IF_ERROR(
      CheckField("cached_input_tokens", outcome.cached_input_tokens, 0, kLoggedTokensMax));
  RETURN_IF_ERROR(CheckField("retry_after_ms", outcome.retry_after_ms, 0, kLoggedMsMax));
  return CheckField("output_tokens", outcome.output_tokens, 0, kLoggedTokensMax);
}

}  // namespace

absl::Status CheckOutcomeEvent(const OutcomeEvent& event, uint32_t dimension) {
  // It is shorter for a decision made before features were added.
  if (event.context.size() > dimension) {
    return InvalidArgument("context: the pool's vectors have ", dimension,
                           " entries, this one has ", event.context.size());
  }
  for (const float entry : event.context) {
    if (!std::isfinite(entry)) return InvalidArgument("context: an entry is not a finite number");
  }
  const ArmFeatures& f = event.features;
  for (const float feature : {f.neighbour_quality, f.neighbour_count, f.neighbour_baseline,
                              f.description_similarity, f.description_lead}) {
    if (!std::isfinite(feature)) return InvalidArgument("features: one is not a finite number");
  }
  RETURN_IF_ERROR(CheckRange("weight", event.weight, 0, 1e6));
  RETURN_IF_ERROR(CheckRange("propensity", event.propensity, 0, 1));
  RETURN_IF_ERROR(CheckRange("inclusion", event.inclusion, 0, 1));
  RETURN_IF_ERROR(
      CheckRange("input_tokens_estimate", event.input_tokens_estimate, 0, kLoggedTokensMax));
  RETURN_IF_ERROR(CheckRange("cost_estimate_usd", event.cost_estimate_usd, 0, kLoggedUsdMax));
  RETURN_IF_ERROR(
      CheckRange("input_tokens_expected", event.input_tokens_expected, 0, kLoggedTokensMax));
  RETURN_IF_ERROR(
      CheckRange("output_tokens_expected", event.output_tokens_expected, 0, kLoggedTokensMax));
  if (event.anchor) RETURN_IF_ERROR(CheckRange("anchor.clock", event.anchor->clock, 0, 1e15));
  RETURN_IF_ERROR(CheckOutcome(event.outcome));
  RETURN_IF_ERROR(CheckOutcome(event.before));
  return CheckOutcome(event.corrects);
}

absl::Status CheckArm(const Arm& arm) {
  RETURN_IF_ERROR(CheckField("usd_per_1m_input", arm.usd_per_1m_input, 0, kLoggedUsdMax));
  RETURN_IF_ERROR(CheckField("usd_per_1m_output", arm.usd_per_1m_output, 0, kLoggedUsdMax));
  RETURN_IF_ERROR(CheckField("usd_per_request", arm.usd_per_request, 0, kLoggedUsdMax));
  RETURN_IF_ERROR(
      CheckField("usd_per_1m_cached_input", arm.usd_per_1m_cached_input, 0, kLoggedUsdMax));
  for (const PriceTier& tier : arm.price_tiers) {
    RETURN_IF_ERROR(
        CheckField("price_tiers.usd_per_1m_input", tier.usd_per_1m_input, 0, kLoggedUsdMax));
    RETURN_IF_ERROR(
        CheckField("price_tiers.usd_per_1m_output", tier.usd_per_1m_output, 0, kLoggedUsdMax));
    RETURN_IF_ERROR(CheckField("price_tiers.usd_per_1m_cached_input", tier.usd_per_1m_cached_input,
                               0, kLoggedUsdMax));
  }
  RETURN_IF_ERROR(CheckField("prior_quality", arm.prior_quality, 0, 1));
  RETURN_IF_ERROR(CheckRange("prior_strength", arm.prior_strength, 0, 1e9));
  RETURN_IF_ERROR(CheckField("prior_latency_ms", arm.prior_latency_ms, 0, kLoggedMsMax));
  return CheckField("prior_output_tokens", arm.prior_output_tokens, 0, kLoggedTokensMax);
}

absl::Status ValidateForLearning(const PoolSettings& settings) {
  RETURN_IF_ERROR(
      CheckRange("embedder.projected", settings.embedder.projected, 1, kContextDimensionMax));
  RETURN_IF_ERROR(CheckRange("context dimension",
                             static_cast<double>(settings.embedder.projected) +
                                 static_cast<double>(settings.features.size()),
                             1, kContextDimensionMax));
  RETURN_IF_ERROR(CheckRange("cost_scale_usd", settings.cost_scale_usd, 1e-12, 1e12));
  RETURN_IF_ERROR(CheckRange("latency_scale_ms", settings.latency_scale_ms, 1e-9, 1e12));
  const LearnerSettings& learner = settings.learner;
  RETURN_IF_ERROR(CheckRange("learner.half_life_s", learner.half_life_s, 1e-3, 1e12));
  RETURN_IF_ERROR(CheckRange("learner.half_life_outcomes", learner.half_life_outcomes, 1, 1e12));
  if (learner.forget_outcomes != 0) {
    RETURN_IF_ERROR(
        CheckRange("learner.forget_outcomes (0: never)", learner.forget_outcomes, 1, 1e12));
  }
  return ValidateExploration(learner);
}

}  // namespace pointsman::learners
