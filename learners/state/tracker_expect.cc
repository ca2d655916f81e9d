// What a tracker expects of a call (learners/state/tracker.h has the formulas).
#include <algorithm>
#include <cmath>

#include "learners/change/watched_share.h"
#include "learners/state/tracker.h"

namespace pointsman::learners {
namespace {

// The assumed length of an answer, in tokens, before anything is known of an arm.
constexpr double kOutputTokensPrior = 256;
// Ridge on the slope: as if this many outcomes, spread by 1 in ln(1 + input), had shown a slope of 0.
constexpr double kOutputSlopeShrinkage = 10;
constexpr double kFailedShareOfAnswer = 0.1;
constexpr double kTail = 0.95;

// Above this error rate an arm is known by its failures, if nothing is known of its answers.
constexpr double kMostlyFails = 0.5;
constexpr double kKeptLeast = 1e-9;

// The weight of a prior of one outcome beside sums of which the share `kept` is left: priors do not age.
double PriorWeight(double kept) { return 1 / std::max(kept, kKeptLeast); }

}  // namespace

double ArmTracker::ErrorRate(const LearnerSettings& settings, const LogPoint& now) const {
  return ErrorRateOf(KeptNow(settings, now));
}

double ArmTracker::ErrorVariance(const LearnerSettings& settings, const LogPoint& now) const {
  const double kept = KeptNow(settings, now);
  const double e = ErrorRateOf(kept);
  const double calls = (errors_ + answers_) * kept + kErrorPriorAnswers;
  return e * (1 - e) / (calls + 1);
}

double ArmTracker::WatchedShare(double clock) const {
  if (watched_since_ < 0) return 0;
  return ShareAfter(kWatchedShare, clock - watched_since_);
}

double ArmTracker::InputTokens(const PoolLevels& pool, const CallQuery& query, double kept) const {
  if (query.input_is_counted) return query.input_tokens;
  // Starts from the request's estimate, then moves towards the pool's line, then towards the arm's own.
  double expected = query.input_tokens;
  double strength = 0.1;
  const auto believe = [&](const DecayedLine& line, double share) {
    const double n = line.weight * share;
    if (!(n > 0)) return;
    const double x = line.MeanX();
    const double at = query.input_tokens > 0 ? query.input_tokens : x;
    const double slope = std::clamp(line.Slope(1, 2 * x * x + 1e4, share), 0.0, 20.0);
    const double says = std::max(0.0, line.MeanY() + slope * (at - x));
    expected = query.input_tokens > 0 || expected > 0
                   ? (strength * expected + n * says) / (strength + n)
                   : says;
    strength = 1;
  };
  believe(pool.input_tokens, 1);
  believe(input_, kept);
  return expected;
}

double ArmTracker::OutputTokens(const Arm& arm, double input_tokens, double kept) const {
  const double prior_weight = arm.prior_output_tokens ? 1 : 0.1;
  const double n = output_.weight * kept;
  const double mean =
      (output_.y * kept + arm.prior_output_tokens.value_or(kOutputTokensPrior) * prior_weight) /
      (n + prior_weight);
  if (!(output_.weight > 0) || !(input_tokens > 0)) return std::max(0.0, mean);
  const double slope = output_.Slope(0, kOutputSlopeShrinkage, kept);
  return std::clamp(mean + slope * (std::log1p(input_tokens) - output_.MeanX()), mean / 4,
                    mean * 4);
}

// The tokens of calls that were not counted.
TypicalTokens ArmTracker::TypicalOf(const Arm& arm, const PoolLevels& pool, double kept) const {
  if (!cost_.has_uncounted()) return {};
  CallQuery at, beyond;
  at.input_tokens = cost_.mean_estimate();
  beyond.input_tokens = 2 * at.input_tokens;
  TypicalTokens typical;
  typical.input = InputTokens(pool, at, kept);
  if (at.input_tokens > 0) {
    typical.input_slope = (InputTokens(pool, beyond, kept) - typical.input) / at.input_tokens;
  }
  typical.cached_share = cached_share_.Mean(0, PriorWeight(kept));
  // The lesser of the two: requests may have set a limit, and what was expected then may
  // have been taken back since.
  typical.output = OutputTokens(arm, typical.input, kept);
  if (cost_.mean_output()) typical.output = std::min(typical.output, *cost_.mean_output());
  return typical;
}

ArmExpectation ArmTracker::Expect(const LearnerSettings& settings, const Arm& arm,
                                  const PoolLevels& pool, const CallQuery& query) const {
  const double kept = KeptNow(settings, query.now);
  ArmExpectation e;
  e.error_rate = ErrorRateOf(kept);
  const double odds = errors_ * kept / (answers_ * kept + kErrorPriorAnswers - 1);
  e.input_tokens = InputTokens(pool, query, kept);
  e.output_tokens = OutputTokens(arm, e.input_tokens, kept);
  if (query.max_output_tokens > 0) {
    e.output_tokens = std::min(e.output_tokens, query.max_output_tokens);
  }
  const bool is_first_token = query.latency_kind == LatencyKind::kFirstToken;
  const LatencyEstimate latency =
      is_first_token ? first_token_.Estimate(pool.first_token, {}, {}, kept)
                     : latency_.Estimate(pool.latency, arm.prior_latency_ms, e.output_tokens, kept);
  e.is_latency_known = latency.is_known;
  const double failed_ms = std::max(failed_latency_ms_.Mean(latency.ms, PriorWeight(kept)),
                                    kFailedShareOfAnswer * latency.ms);
  e.latency_ms = latency.ms + odds * failed_ms;
  // Calling an arm that fails does not show how fast it answers, so its uncertain latency is
  // no reason to call it.
  const double failures = errors_ * kept / kLatencyNoise;
  const double v = latency.relative_variance;
  e.latency_stddev_ms = e.latency_ms * std::sqrt(v / (1 + v * failures));

  CallTokens tokens{e.input_tokens, 0, e.output_tokens};
  tokens.cached = e.input_tokens * cached_share_.Mean(0, PriorWeight(kept));
  e.priced_usd = ListPrice(arm, tokens).value_or(0);
  const std::optional<double> cost = cost_.Estimate(arm, tokens, kept, TypicalOf(arm, pool, kept));
  e.is_cost_known = cost.has_value();
  if (cost) {
    e.cost_usd = *cost + odds * failed_cost_usd_.Mean(*cost, PriorWeight(kept));
    e.cost_stddev_usd = e.cost_usd * std::sqrt(cost_.RelativeVariance(arm, kept));
  } else {
    e.cost_usd = odds * failed_cost_usd_.Mean(0, 0);
  }
  const bool fails = e.error_rate > kMostlyFails;
  e.is_cost_of_failures = !e.is_cost_known && fails && failed_cost_usd_.weight > 0;
  e.is_latency_of_failures = !e.is_latency_known && fails && failed_latency_ms_.weight > 0;
  return e;
}

TrackerFigures ArmTracker::Figures(const LearnerSettings& settings, const Arm& arm,
                                   const PoolLevels& pool, const LogPoint& now) const {
  const double kept = KeptNow(settings, now);
  TrackerFigures figures;
  const double prior_weight = arm.prior_quality ? arm.prior_strength : 0;
  figures.quality =
      quality_.Mean(arm.prior_quality.value_or(0), prior_weight / std::max(kept, kKeptLeast));
  figures.quality_weight = quality_.weight * kept;
  figures.latency_p95_ms = latencies_.At(kTail);
  if (first_token_.weight() > 0) {
    figures.first_token_ms = first_token_.Estimate(pool.first_token, {}, {}, kept).ms;
  }
  CallQuery typical;
  typical.input_tokens = pool.query_tokens.Mean(0, 0);
  figures.input_tokens = InputTokens(pool, typical, kept);
  if (output_.weight > 0 || arm.prior_output_tokens) {
    figures.output_tokens = OutputTokens(arm, figures.input_tokens, kept);
  }
  figures.error_rate = ErrorRateOf(kept);
  figures.rate_limited_until = rate_limited_until_ > now.time ? rate_limited_until_ : 0;
  return figures;
}

}  // namespace pointsman::learners
