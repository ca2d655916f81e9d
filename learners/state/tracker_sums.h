// The decayed sums that an arm's tracker is made of. Each can take back exactly what it was given, scaled
// by what has faded since: Add with a negative weight. A sum whose weight is used up is nothing again.
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace pointsman {

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

// A weighted linear regression of y on x, shrunk to a slope that is known in advance.
struct DecayedLine {
  double weight = 0, x = 0, y = 0, xx = 0, xy = 0;

  void Add(double at, double value, double w);
  void Scale(double kept);
  double MeanX() const { return weight > 0 ? x / weight : 0; }
  double MeanY() const { return weight > 0 ? y / weight : 0; }
  // (cov + shrinkage * slope) / (var + shrinkage), sums over all outcomes, `kept` of which are left.
  double Slope(double slope, double shrinkage, double kept) const;
  friend bool operator==(const DecayedLine&, const DecayedLine&) = default;
};

constexpr double kLatencyNoise = 0.25;  // sigma^2 of ln(latency), before an arm's own

// What is believed of ln(latency) before an arm's own outcomes: the pool's mean over arms and the variance
// between arms.
struct LatencyPrior {
  bool is_known = false;
  double mean = 0;
  double variance = 0.5;
};

struct LatencyEstimate {
  double ms = 0;
  double relative_variance = 0;  // of the expected ms, over ms^2
  bool is_known = false;         // by the arm's own outcomes or its prior
};

// Latency of calls: ln(ms) = m + slope ln(1 + output tokens) + noise.
//   m ~ N(m0, tau^2) of the pool, posterior precision 1/tau^2 + n/sigma^2; sigma^2 is the arm's own,
//   shrunk by one outcome of deviation 0.5; expected ms = exp(m + v / 2 + min(sigma^2 / 2, s)),
//   s = ln(the values' mean) - their mean ln, what they themselves lie above their median.
// A log-normal's mean is not owned by its largest values, and is positive whatever was learned; the values'
// own mean is not owned by the smallest ones. The lesser of the two is expected.
class LogLatency {
 public:
  // `output_tokens` of the same call; absent: not known.
  void Add(double ms, std::optional<double> output_tokens, double w);
  void Scale(double kept);
  double weight() const { return weight_; }
  // ln(ms) on average; for the pool's prior.
  double MeanLog() const { return weight_ > 0 ? y_ / weight_ : 0; }
  // `kept`: the share of the evidence that is left by now. `prior_ms`: what the operator believes of this arm,
  // counting as one outcome.
  LatencyEstimate Estimate(const LatencyPrior& pool, std::optional<double> prior_ms,
                           std::optional<double> output_tokens, double kept) const;

  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);
  // As so many outcomes of this mean: what a tracker of before format 4 knew.
  static LogLatency OfMean(double mean_ms, double weight);
  friend bool operator==(const LogLatency&, const LogLatency&) = default;

 private:
  double weight_ = 0, ms_ = 0, y_ = 0, yy_ = 0;
  DecayedLine line_;  // of the calls whose output tokens are known
};

// A quantile of what was told: a decayed histogram, buckets of a ratio of 1.1, each with its mean.
class DecayedQuantile {
 public:
  void Add(double value, double w);
  void Scale(double kept);
  // 0 if nothing was told.
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
  double scale_ = 1;             // what weights and sums are to be multiplied by
  std::vector<Bucket> buckets_;  // ascending
};

}  // namespace pointsman
