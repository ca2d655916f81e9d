#include "learners/state/tracker_sums.h"

#include <algorithm>
#include <cmath>

namespace pointsman::learners {
namespace {

// A weight below this is a rounding error of zero.
constexpr double kWeightLeast = 1e-9;
constexpr double kLeastMs = 1e-3;
// The least latency inside a logarithm. 0 ms has no logarithm. Below this value, being ten times as fast is no
// real gain.
constexpr double kLeastLogMs = 1;
constexpr double kLatencyNoiseStrength = 1;
// A spread above this comes from several kinds of calls, not from noise. So it is no reason to trust the pool
// more.
constexpr double kLatencyNoiseMax = 1;
constexpr double kLatencySlopeShrinkage = 10;
// How far from the mean of what was seen, in ln(tokens), the slope is believed.
constexpr double kReach = 2;
constexpr double kBucketLog = 0.095310179804324860;  // ln 1.1

}  // namespace

void DecayedMean::Add(double value, double w) {
  sum += w * value;
  weight += w;
  if (weight < kWeightLeast) *this = {};
}

void DecayedLine::Add(double at, double value, double w) {
  weight += w;
  x += w * at;
  y += w * value;
  xx += w * at * at;
  xy += w * at * value;
  if (weight < kWeightLeast) *this = {};
}

void DecayedLine::Scale(double kept) {
  for (double* sum : {&weight, &x, &y, &xx, &xy}) *sum *= kept;
}

double DecayedLine::Slope(double slope, double shrinkage, double kept) const {
  if (!(weight > 0)) return slope;
  const double mean = x / weight;
  const double var = kept * std::max(0.0, xx - x * mean);
  const double cov = kept * (xy - y * mean);
  return (cov + shrinkage * slope) / (var + shrinkage);
}

void LogLatency::Add(double ms, std::optional<double> output_tokens, double w) {
  const double y = std::log(std::max(ms, kLeastLogMs));
  weight_ += w;
  ms_ += w * ms;
  y_ += w * y;
  yy_ += w * y * y;
  if (output_tokens) line_.Add(std::log1p(*output_tokens), y, w);
  if (weight_ < kWeightLeast) *this = {};
}

void LogLatency::Scale(double kept) {
  weight_ *= kept;
  ms_ *= kept;
  y_ *= kept;
  yy_ *= kept;
  line_.Scale(kept);
}

LatencyEstimate LogLatency::Estimate(const LatencyPrior& pool, std::optional<double> prior_ms,
                                     std::optional<double> output_tokens, double kept) const {
  const double n = weight_ * kept;
  double m0 = pool.mean, precision0 = 1 / pool.variance;
  bool has_prior = pool.is_known;
  const double mean = MeanLog();
  double spread = weight_ > 0 ? kept * std::max(0.0, yy_ - y_ * mean) : 0;
  double at = mean;
  if (weight_ > 0 && output_tokens && line_.weight > 0) {
    const double slope = std::clamp(line_.Slope(0, kLatencySlopeShrinkage, kept), 0.0, 1.2);
    const double away = std::log1p(*output_tokens) - line_.MeanX();
    at += slope * std::clamp(away, -kReach, kReach);
    // What the slope explains is not noise.
    const double x_spread = std::max(0.0, line_.xx - line_.x * line_.MeanX());
    spread = std::max(0.0, spread - slope * slope * kept * x_spread);
  }
  const double noise =
      (kLatencyNoiseStrength * kLatencyNoise + spread) / (kLatencyNoiseStrength + n);
  if (prior_ms) {
    const double own = std::log(std::max(*prior_ms, kLeastLogMs));
    const double p = 1 / kLatencyNoise;
    m0 = own;  // the operator's estimate for this arm, not the others' mean
    precision0 = has_prior ? precision0 + p : p;
    has_prior = true;
  }
  if (!(weight_ > 0) && !has_prior) return {};
  if (!has_prior) m0 = at;  // nothing else is known: the arm's own mean
  const double evidence = n / std::min(noise, kLatencyNoiseMax);
  const double precision = precision0 + evidence;
  const double m = (m0 * precision0 + at * evidence) / precision;
  const double v = 1 / precision;
  // An arm without latencies is expected at the others' latencies, which already include their noise.
  if (!(weight_ > 0)) return {std::exp(m), v, prior_ms.has_value()};
  // The mean of a log-normal lies exp(noise / 2) above exp(m). The mean of values with two modes, such as a
  // cache's hits and misses, does not, and the values' own mean shows it.
  const double seen = std::log(std::max(ms_ / weight_, kLeastMs)) - mean;
  const double above = std::min(noise / 2, seen + kLatencyNoise / 2 / (1 + n));
  return {std::exp(m + v / 2 + above), v, true};
}

void LogLatency::Encode(ByteWriter& out) const {
  for (const double number :
       {weight_, ms_, y_, yy_, line_.weight, line_.x, line_.y, line_.xx, line_.xy}) {
    out.Put(number);
  }
}

void LogLatency::Decode(ByteReader& in) {
  for (double* number :
       {&weight_, &ms_, &y_, &yy_, &line_.weight, &line_.x, &line_.y, &line_.xx, &line_.xy}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (weight_ < 0 || line_.weight < 0) in.Fail();
}

LogLatency LogLatency::OfMean(double mean_ms, double weight) {
  LogLatency latency;
  if (!(weight > kWeightLeast) || !(mean_ms > 0)) return latency;
  const double y = std::log(std::max(mean_ms, kLeastLogMs));
  latency.weight_ = weight;
  latency.ms_ = weight * mean_ms;
  latency.y_ = weight * y;
  latency.yy_ = weight * y * y;
  return latency;
}

void DecayedQuantile::Add(double value, double w) {
  const double ms = std::max(value, kLeastMs);
  const auto index = static_cast<int64_t>(std::floor(std::log(ms) / kBucketLog));
  auto it = std::lower_bound(buckets_.begin(), buckets_.end(), index,
                             [](const Bucket& b, int64_t i) { return b.index < i; });
  if (it == buckets_.end() || it->index != index) {
    if (w <= 0) return;  // it has faded away
    it = buckets_.insert(it, Bucket{index, 0, 0});
  }
  it->weight += w / scale_;
  it->sum += w / scale_ * ms;
  if (it->weight * scale_ < kWeightLeast) buckets_.erase(it);
}

void DecayedQuantile::Scale(double kept) {
  scale_ *= kept;
  if (scale_ > 1e-6) return;
  for (Bucket& bucket : buckets_) bucket.weight *= scale_, bucket.sum *= scale_;
  std::erase_if(buckets_, [](const Bucket& bucket) { return bucket.weight < kWeightLeast; });
  scale_ = 1;
}

double DecayedQuantile::At(double quantile) const {
  double total = 0;
  for (const Bucket& bucket : buckets_) total += bucket.weight;
  double below = 0;
  for (const Bucket& bucket : buckets_) {
    below += bucket.weight;
    if (below >= quantile * total) return bucket.sum / bucket.weight;
  }
  return 0;
}

void DecayedQuantile::Encode(ByteWriter& out) const {
  out.Put(scale_);
  out.PutArray(std::span<const Bucket>(buckets_));
}

void DecayedQuantile::Decode(ByteReader& in) {
  scale_ = in.Get<double>();
  buckets_ = in.GetArray<Bucket>();
  if (!(scale_ > 0) || scale_ > 1) in.Fail();
  for (const Bucket& bucket : buckets_) {
    if (!(bucket.weight > 0) || !std::isfinite(bucket.weight) || !std::isfinite(bucket.sum)) {
      in.Fail();
    }
  }
}

}  // namespace pointsman::learners
