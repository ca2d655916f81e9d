#include "engine/request/clamp.h"

#include <optional>

namespace pointsman::engine {
namespace {

// Every comparison with NaN is false, so NaN stays.
void ToLeast(double& value, double least) {
  if (value < least && value >= least - kClampWithin) value = least;
}
void ToUnit(double& value) {
  ToLeast(value, 0);
  if (value > 1 && value <= 1 + kClampWithin) value = 1;
}
void ToLeast(std::optional<double>& value) {
  if (value) ToLeast(*value, 0);
}
void ToUnit(std::optional<double>& value) {
  if (value) ToUnit(*value);
}

}  // namespace

void Clamp(Outcome& outcome) {
  ToUnit(outcome.quality);
  ToLeast(outcome.latency_ms);
  ToLeast(outcome.first_token_ms);
  ToLeast(outcome.cost_usd);
}

void Clamp(Preference& preference) {
  for (double* weight : {&preference.quality, &preference.cost, &preference.latency}) {
    ToLeast(*weight, 0);
  }
}

void Clamp(FeedbackInput& input) {
  Clamp(input.outcome);
  for (AttemptInput& attempt : input.attempts) Clamp(attempt.outcome);
}

void Clamp(RouteInput& input) {
  if (input.preference) Clamp(*input.preference);
  ToLeast(input.constraints.max_cost_usd);
  ToLeast(input.constraints.max_latency_ms);
}

void Clamp(Arm& arm) {
  ToUnit(arm.prior_quality);
  for (auto* number : {&arm.usd_per_1m_input, &arm.usd_per_1m_output, &arm.usd_per_1m_cached_input,
                       &arm.usd_per_request, &arm.prior_latency_ms, &arm.prior_output_tokens}) {
    ToLeast(*number);
  }
}

void Clamp(PoolSettings& settings) {
  ToUnit(settings.missing_quality);
  ToUnit(settings.learner.exploration_floor);
  ToUnit(settings.learner.epsilon);
  Clamp(settings.default_preference);
}

void Clamp(ImportedQuery& query) {
  for (ImportedOutcome& outcome : query.outcomes) Clamp(outcome.outcome);
}

}  // namespace pointsman::engine
