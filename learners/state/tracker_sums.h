// The decayed sums that make up an arm's tracker. Each can take back exactly what it was given, scaled by
// what has faded since: call Add with a negative weight. A sum whose weight is used up is empty again.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace pointsman::learners {

// A weighted mean.
struct DecayedMean {
  double sum = 0;
  double weight = 0;

  void Add(double value, double w);
  void Scale(double kept) { sum *= kept, weight *= kept; }
  double Mean(double prior, double prior_weight) const {
    const double total = weight + prior_weight;
    return total > 0 ? (sum + prior * prior_weight) / total : prior;
  }
  friend bool operator==(const DecayedMean&, const DecayedMean&) = default;
};

// A weighted linear regression of y on x, shrunk to a slope known in advance.
struct DecayedLine {
  double weight = 0, x = 0, y = 0, xx = 0, xy = 0;

  void Add(double at, double value, double w);
  void Scale(double kept);
  double MeanX() const { return weight > 0 ? x / weight : 0; }
  double MeanY() const { return weight > 0 ? y / weight : 0; }
  // (cov + shrinkage * slope) / (var + shrinkage), as sums over all outcomes, of which
  // the share `kept` is left.
  double Slope(double slope, double shrinkage, double kept) const;
  friend bool operator==(const DecayedLine&, const DecayedLine&) = default;
};

constexpr double kLatencyNoise = 0.25;  // sigma^2 of ln(latency), before an arm has its own

// The prior of ln(latency) before an arm has outcomes: the pool's mean over arms,
// and the variance between arms.
struct LatencyPrior {
  bool is_known = false;
  double mean = 0;
  double variance = 0.5;
};

struct LatencyEstimate {
  double ms = 0;
  double relative_variance = 0;  // variance of the expected ms, over ms^2
  bool is_known = false;         // from the arm's own outcomes or its prior
};

// Latency of calls: ln(ms) = m + slope ln(1 + output tokens) + noise.
//   m ~ N(m0, tau^2) of the pool, posterior precision 1/tau^2 + n/sigma^2
//   expected ms = exp(m + v / 2 + min(sigma^2 / 2, s)),  s = ln(the values' mean) - their mean ln
// sigma^2 is the arm's own, shrunk by one outcome of deviation 0.5. s is how far the values' mean lies above
// their median. Large values do not dominate a log-normal's mean, which is positive whatever was learned.
// Small values do not dominate the values' own mean. The lesser of the two is expected.
class LogLatency {
 public:
  // `output_tokens` of the same call; absent: unknown.
  void Add(double ms, std::optional<double> output_tokens, double w);
  void Scale(double kept);
  double weight() const { return weight_; }
  // The mean of ln(ms), for the pool's prior.
  double MeanLog() const { return weight_ > 0 ? y_ / weight_ : 0; }
  // `kept`: the share of the evidence that is left now. `prior_ms`: the operator's estimate for this arm,
  // which counts as one outcome.
  LatencyEstimate Estimate(const LatencyPrior& pool, std::optional<double> prior_ms,
                           std::optional<double> output_tokens, double kept) const;

  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);
  // As `weight` outcomes of this mean: what a tracker before format 4 knew.
  static LogLatency OfMean(double mean_ms, double weight);
  friend bool operator==(const LogLatency&, const LogLatency&) = default;

 private:
  double weight_ = 0, ms_ = 0, y_ = 0, yy_ = 0;
  DecayedLine line_;  // of the calls whose output tokens are known
};

// A quantile of the values added: a decayed histogram. Its buckets have a ratio of 1.1
// and each keeps its mean.
class DecayedQuantile {
 public:
  void Add(double value, double w);
  void Scale(double kept);
  // 0 if nothing was added.
  double At(double quantile) const;

  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);
  friend bool operator==(const DecayedQuantile&, const DecayedQuantile&) = default;

 private:
  struct Bucket {
    int64_t index = 0;
    double weight = 0, sum = 0;
    friend bool operator==(const Bucket&, const Bucket&) = default;
  };
  double scale_ = 1;             // a factor on all weights and sums
  std::vector<Bucket> buckets_;  // ascending
};

}  // namespace pointsman::learners
