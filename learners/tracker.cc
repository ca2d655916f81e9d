#include "learners/tracker.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace pointsman {
namespace {

// What an answer is taken to be long, in tokens, before anything is known of an arm.
constexpr double kOutputTokensPrior = 256;
constexpr double kErrorPriorCalls = 4;
// Ridge on the slope: as if this many outcomes, spread by 1 in ln(1 + input), had shown none.
constexpr double kSlopeShrinkage = 10;
constexpr double kTail = 0.95;

double Halved(double amount, double half_life) { return std::exp2(-amount / half_life); }

// The change that one field brings: its value, or new minus old for a correction.
struct Change {
  double delta = 0;
  double weight = 0;  // 0 for a correction
};
template <class T>
std::optional<Change> ChangeOf(const std::optional<T>& value, const std::optional<T>& corrects,
                               double weight) {
  if (!value) return std::nullopt;
  const auto now = static_cast<double>(*value);
  if (corrects) return Change{weight * (now - static_cast<double>(*corrects)), 0};
  return Change{weight * now, weight};
}

template <class T>
void AddTo(DecayedMean& mean, const std::optional<T>& value, const std::optional<T>& corrects,
           double weight) {
  if (const auto change = ChangeOf(value, corrects, weight)) {
    mean.sum += change->delta;
    mean.weight += change->weight;
  }
}

}  // namespace

void ArmTracker::Age(double factor) {
  for (DecayedMean* mean :
       {&quality_, &latency_ms_, &cost_usd_, &input_tokens_, &output_tokens_, &cost_ratio_}) {
    mean->sum *= factor;
    mean->weight *= factor;
  }
  for (double* sum :
       {&errors_, &answers_, &output_.weight, &output_.x, &output_.y, &output_.xx, &output_.xy}) {
    *sum *= factor;
  }
}

void ArmTracker::Learn(const LearnerSettings& settings, const OutcomeEvent& event, Micros time) {
  const bool is_correction = !event.corrects.empty();
  if (outcomes_ > 0 && time > time_) {
    const double elapsed_s = static_cast<double>(time - time_) / kMicrosPerSecond;
    Age(Halved(elapsed_s, settings.half_life_s));
  }
  time_ = std::max(time_, time);
  if (event.is_first && !is_correction) {
    Age(Halved(event.weight, settings.half_life_outcomes));
    ++outcomes_;
  }
  LearnFields(event);
}

void ArmTracker::LearnFields(const OutcomeEvent& event) {
  const Outcome& outcome = event.outcome;
  const Outcome& corrects = event.corrects;
  const double weight = event.weight;
  if (outcome.error) {
    if (corrects.error) {
      double& from = *corrects.error ? errors_ : answers_;
      from = std::max(0.0, from - weight);
    }
    (*outcome.error ? errors_ : answers_) += weight;
    if (*outcome.error) return;
  }
  AddTo(quality_, outcome.quality, corrects.quality, weight);
  AddTo(latency_ms_, outcome.latency_ms, corrects.latency_ms, weight);
  AddTo(cost_usd_, outcome.cost_usd, corrects.cost_usd, weight);
  AddTo(input_tokens_, outcome.input_tokens, corrects.input_tokens, weight);
  AddTo(output_tokens_, outcome.output_tokens, corrects.output_tokens, weight);
  if (outcome.latency_ms && !corrects.latency_ms) LearnTail(*outcome.latency_ms, weight);
  LearnCost(event);
  LearnOutputTokens(event);
}

void ArmTracker::LearnCost(const OutcomeEvent& event) {
  if (!(event.cost_estimate_usd > 0)) return;
  const auto change = ChangeOf(event.outcome.cost_usd, event.corrects.cost_usd, event.weight);
  if (!change) return;
  cost_ratio_.sum += change->delta;
  cost_ratio_.weight += change->weight * event.cost_estimate_usd;
}

// On the input tokens counted from the request, since those are what a prediction will know.
void ArmTracker::LearnOutputTokens(const OutcomeEvent& event) {
  if (!(event.input_tokens_estimate > 0)) return;
  const auto change =
      ChangeOf(event.outcome.output_tokens, event.corrects.output_tokens, event.weight);
  if (!change) return;
  const double x = std::log1p(event.input_tokens_estimate);
  output_.weight += change->weight;
  output_.x += change->weight * x;
  output_.xx += change->weight * x * x;
  output_.y += change->delta;
  output_.xy += change->delta * x;
}

// Robbins-Monro on the 95% quantile of ln(latency): up by 0.95 of a step for a latency above it,
// down by 0.05 of a step for one below. The step falls like 5 / n (the reciprocal of a log-normal's
// density there, about 0.2) and stays at 0.03, so that the estimate can follow.
void ArmTracker::LearnTail(double latency_ms, double weight) {
  constexpr double kLeastMs = 1e-3;
  const double value = std::max(latency_ms, kLeastMs);
  if (!(latency_p95_ms_ > 0)) {
    latency_p95_ms_ = value;
    return;
  }
  const double step = std::min(1.0, weight) * std::max(5 / (latency_ms_.weight + 4), 0.03);
  latency_p95_ms_ *= std::exp(step * (value > latency_p95_ms_ ? kTail : kTail - 1));
}

double ArmTracker::ErrorRate() const {
  const double answered = std::max(answers_, quality_.weight);
  return errors_ / (errors_ + answered + kErrorPriorCalls);
}

double ArmTracker::LatencyMs(const Arm& arm) const {
  return latency_ms_.Mean(arm.prior_latency_ms.value_or(0), arm.prior_latency_ms ? 1 : 0);
}

double ArmTracker::OutputTokens(const Arm& arm, double input_tokens) const {
  const double mean =
      std::max(0.0, output_tokens_.Mean(arm.prior_output_tokens.value_or(kOutputTokensPrior),
                                        arm.prior_output_tokens ? 1 : 0.1));
  if (!(output_.weight > 0) || !(input_tokens > 0)) return mean;
  const double mean_x = output_.x / output_.weight;
  const double xx = std::max(0.0, output_.xx - output_.x * mean_x);
  const double xy = output_.xy - output_.y * mean_x;
  const double slope = xy / (xx + kSlopeShrinkage);
  return std::clamp(mean + slope * (std::log1p(input_tokens) - mean_x), mean / 4, mean * 4);
}

double ArmTracker::CostCorrection() const {
  if (!(cost_ratio_.weight > 0)) return 1;
  return std::clamp(cost_ratio_.sum / cost_ratio_.weight, 0.05, 20.0);
}

double ArmTracker::ObservedCost() const { return std::max(0.0, cost_usd_.Mean(0, 0)); }

TrackerFigures ArmTracker::Figures(const LearnerSettings& settings, const Arm& arm,
                                   Micros now) const {
  ArmTracker aged = *this;
  if (outcomes_ > 0 && now > time_) {
    const double elapsed_s = static_cast<double>(now - time_) / kMicrosPerSecond;
    aged.Age(Halved(elapsed_s, settings.half_life_s));
  }
  TrackerFigures figures;
  figures.quality =
      aged.quality_.Mean(arm.prior_quality.value_or(0), arm.prior_quality ? arm.prior_strength : 0);
  figures.quality_weight = aged.quality_.weight;
  figures.latency_ms = aged.LatencyMs(arm);
  figures.latency_p95_ms = latency_p95_ms_;
  figures.cost_usd = aged.ObservedCost();
  figures.input_tokens = aged.input_tokens_.Mean(0, 0);
  figures.output_tokens = aged.OutputTokens(arm, 0);
  figures.error_rate = aged.ErrorRate();
  return figures;
}

template <class Self, class Visit>
void ArmTracker::VisitNumbers(Self& self, const Visit& visit) {
  for (auto* mean : {&self.quality_, &self.latency_ms_, &self.cost_usd_, &self.input_tokens_,
                     &self.output_tokens_, &self.cost_ratio_}) {
    visit(mean->sum);
    visit(mean->weight);
  }
  auto& r = self.output_;
  for (auto* number : {&self.errors_, &self.answers_, &r.weight, &r.x, &r.y, &r.xx, &r.xy,
                       &self.latency_p95_ms_}) {
    visit(*number);
  }
}

void ArmTracker::Encode(ByteWriter& out) const {
  out.Put(time_);
  out.Put(outcomes_);
  VisitNumbers(*this, [&](double number) { out.Put(number); });
}

ArmTracker ArmTracker::Decode(ByteReader& in) {
  ArmTracker tracker;
  tracker.time_ = in.Get<Micros>();
  tracker.outcomes_ = in.Get<uint64_t>();
  VisitNumbers(tracker, [&](double& number) {
    number = in.Get<double>();
    if (!std::isfinite(number)) in.Fail();
  });
  return tracker;
}

}  // namespace pointsman
