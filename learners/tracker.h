// The tracker of one arm: exponential moving averages of what feedback says, ageing by elapsed time
// as well as by count, so that a quiet arm's figures age.
//   On an outcome at time t: w <- w * 2^(-(t - t0) / half_life_s) * 2^(-weight / half_life_outcomes)
//   for every field, then the field's sum += weight * value, its w += weight; mean = sum / w.
// Threads: a value; const methods from any thread.
// Source: the accuracy and latency tracker of ORCH; irregularly spaced EMA as in Eckner 2012, eq. 4.
#pragma once

#include <cstdint>

#include "base/arm.h"
#include "base/bytes.h"
#include "base/types.h"

namespace pointsman {

// A field's decayed weighted mean.
struct DecayedMean {
  double sum = 0;
  double weight = 0;
  double Mean(double prior, double prior_weight) const {
    const double total = weight + prior_weight;
    return total > 0 ? (sum + prior * prior_weight) / total : prior;
  }
  friend bool operator==(const DecayedMean&, const DecayedMean&) = default;
};

struct TrackerFigures {
  double quality = 0;
  double quality_weight = 0;  // effective number of outcomes behind it, as of now
  double latency_ms = 0;
  double latency_p95_ms = 0;
  double cost_usd = 0;
  double input_tokens = 0;
  double output_tokens = 0;
  double error_rate = 0;
};

class ArmTracker {
 public:
  // Adds the present fields of `outcome` (for a correction: new minus old, without weight).
  void Learn(const LearnerSettings& settings, const Outcome& outcome, const Outcome& corrects,
             double weight, double cost_estimate_usd, Micros time);

  TrackerFigures Figures(const LearnerSettings& settings, const Arm& arm, Micros now) const;

  uint64_t outcomes() const { return outcomes_; }
  double ErrorRate() const;
  double LatencyMs(const Arm& arm) const;
  // Expected output tokens of one call for a request of so many input tokens.
  double OutputTokens(const Arm& arm, double input_tokens) const;
  // Observed cost over price x tokens; 1 until something was observed.
  double CostCorrection() const;
  // Mean observed cost, for arms without a price; 0 until something was observed.
  double ObservedCost() const;

  void Encode(ByteWriter& out) const;
  static ArmTracker Decode(ByteReader& in);
  friend bool operator==(const ArmTracker&, const ArmTracker&) = default;

 private:
  void Age(const LearnerSettings& settings, double weight, Micros time);

  Micros time_ = 0;
  uint64_t outcomes_ = 0;
  DecayedMean quality_, latency_ms_, cost_usd_, input_tokens_, output_tokens_, errors_;
  DecayedMean cost_ratio_;
  double latency_p95_ms_ = 0;
};

}  // namespace pointsman
