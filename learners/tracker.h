// The tracker of one arm: decayed sums of what feedback says, ageing by elapsed time as well as by
// count, so that a quiet arm's figures age.
//   On an outcome at time t that is the first of its decision, for every field:
//     w <- w * 2^(-(t - t0) / half_life_s) * 2^(-weight / half_life_outcomes)
//   (a later part of the same decision ages by time alone), then the field's sum += weight * value,
//   its w += weight; mean = sum / w. So fields that arrive apart end as if they had come together.
// Corrections move sums only, never a weight; the tail quantile is not rewound.
// Threads: a value; const methods from any thread.
// Source: the accuracy and latency tracker of ORCH; irregularly spaced EMA as in Eckner 2012,
// eq. 4.
#pragma once

#include <cstdint>

#include "base/arm.h"
#include "base/bytes.h"
#include "base/event.h"
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
  double first_token_ms = 0;
  Micros rate_limited_until = 0;  // 0: it is not
};

class ArmTracker {
 public:
  // Adds the present fields of the outcome. An error teaches the error rate alone.
  void Learn(const LearnerSettings& settings, const OutcomeEvent& event, Micros time);

  // Weights are those of `now`; an arm's priors stand in for what was never told.
  TrackerFigures Figures(const LearnerSettings& settings, const Arm& arm, Micros now) const;

  uint64_t outcomes() const { return outcomes_; }
  // Calls that failed over all calls; a quality without a word about errors is a call that
  // answered. Shrunk to 0 by 4 calls, so that one early failure does not condemn an arm.
  double ErrorRate() const;
  // The mean, shrunk by one observation to the arm's prior if it has one; 0 if nothing is known.
  double LatencyMs(const Arm& arm) const;
  // Expected output tokens of one call for a request of so many input tokens: the mean, plus a
  // slope in ln(1 + input tokens) (ridge regression on decayed sums, shrunk to 0), within a factor
  // of 4 of the mean.
  double OutputTokens(const Arm& arm, double input_tokens) const;
  // Observed cost over price x tokens, as a ratio of decayed sums (which forgives poor estimates of
  // the first calls), within [0.05, 20]; 1 until something was observed.
  double CostCorrection() const;
  // Mean observed cost, for arms without a price; 0 until something was observed.
  double ObservedCost() const;

  void Encode(ByteWriter& out) const;
  // Fails `in` for figures that Encode cannot have written.
  static ArmTracker Decode(ByteReader& in);
  friend bool operator==(const ArmTracker&, const ArmTracker&) = default;

 private:
  // Decayed sums over outcomes that told output tokens: weight, and of x = ln(1 + input tokens) and
  // y = output tokens the sums of x, y, x^2, xy.
  struct Regression {
    double weight = 0, x = 0, y = 0, xx = 0, xy = 0;
    friend bool operator==(const Regression&, const Regression&) = default;
  };

  void Age(double factor);
  void LearnFields(const OutcomeEvent& event);
  void LearnCost(const OutcomeEvent& event);
  void LearnOutputTokens(const OutcomeEvent& event);
  void LearnTail(double latency_ms, double weight);

  template <class Self, class Visit>
  static void VisitNumbers(Self& self, const Visit& visit);

  Micros time_ = 0;
  uint64_t outcomes_ = 0;
  DecayedMean quality_, latency_ms_, cost_usd_, input_tokens_, output_tokens_;
  DecayedMean cost_ratio_;  // sum: observed USD, weight: estimated USD, of the same calls
  double errors_ = 0;       // weight of calls that failed
  double answers_ = 0;      // weight of calls said not to have failed
  Regression output_;
  double latency_p95_ms_ = 0;  // stochastic estimate, 0 before the first latency
};

}  // namespace pointsman
