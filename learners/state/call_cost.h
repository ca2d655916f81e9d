// What a call costs: the price list, corrected by observed costs.
//   cost = theta . f,  f = (1, uncached input, cached input, output), tokens in thousands
//   theta = theta_0 + (S + Lambda)^-1 (sum w f y - S theta_0),  S = sum w f f'
// theta_0 is the price list. Lambda is half an outcome at the mean f, and less where the list is off by more
// than a factor of two. So an observed cost of any size is believed, and corrects what is wrong: a fee, a
// discount on cached input, one of two prices.
// - A call whose tokens were not counted counts as a call of (1, estimate of its query's tokens).
//   It is read with the tokens that such a query is expected to have now, so a count that turns
//   out wrong leaves no trace.
// - No theta is negative. Without a price list theta_0 is the mean observed cost, as a fee.
// - Price tiers are removed from what was observed and added to what is expected.
// Cost: O(1); an estimate solves four equations.
// Threads: values and pure functions.
// Source: ridge regression towards a prior, Bishop 2006, eq. 3.55.
#pragma once

#include <optional>

#include "Eigen/Core"
#include "base/bytes.h"
#include "domain/arm.h"
#include "learners/state/tracker_sums.h"

namespace pointsman::learners {

struct CallTokens {
  double input = 0;   // cached ones included
  double cached = 0;  // of `input`
  double output = 0;
};

// The tokens of a call as a line in its query's estimate, on average over calls
// whose tokens were not counted.
struct TypicalTokens {
  double input = 0;        // cached ones included, at their mean estimate
  double input_slope = 0;  // per token of the estimate
  double cached_share = 0;
  double output = 0;
};

// Whether the arm's price list gives the cost of a call: both token prices, or a price per request and no
// token price. One of two token prices is no price.
bool IsPriced(const Arm& arm);
// USD of one call, by the tier of its input; nullopt for an arm without a price.
std::optional<double> ListPrice(const Arm& arm, const CallTokens& tokens);

class CallCost {
 public:
  // One call's cost; `arm` as it is priced now.
  void Add(const Arm& arm, const CallTokens& tokens, double usd, double w);
  // The same for a call whose tokens were not counted. `estimate`: of its query's tokens. `output`: the
  // output tokens expected then; 0: none were expected.
  void AddUncounted(double estimate, double output, double usd, double w);
  void Scale(double kept);
  // Weight of the calls whose cost was reported.
  double weight() const { return moments_(0, 0) + uncounted_.weight; }
  bool has_uncounted() const { return uncounted_.weight > 0; }
  double mean_estimate() const { return uncounted_.MeanX(); }
  // The mean of the output tokens that were expected; nullopt if none were.
  std::optional<double> mean_output() const {
    return output_.weight > 0 ? std::optional(output_.Mean(0, 0)) : std::nullopt;
  }
  // Expected USD of a call; nullopt if neither price nor cost is known. `kept` as in tracker_sums.h.
  // `typical` is used only if has_uncounted().
  std::optional<double> Estimate(const Arm& arm, const CallTokens& tokens, double kept,
                                 const TypicalTokens& typical) const;
  // Variance of the estimate over its square, for exploring: 0 with a price list.
  double RelativeVariance(const Arm& arm, double kept) const;
  // The arm's prices changed. Observed costs keep their ratio to the list, so the change acts at once. They
  // count as two calls at most, so new calls can correct it.
  void Reprice(const Arm& before, const Arm& after, const TypicalTokens& typical);

  void Encode(ByteWriter& out) const;
  void Decode(ByteReader& in);
  // As `weight` calls of this cost and these tokens: what a tracker before format 4 knew.
  static CallCost OfMean(double usd, const CallTokens& tokens, double weight);
  friend bool operator==(const CallCost& a, const CallCost& b) {
    return a.moments_ == b.moments_ && a.cross_ == b.cross_ && a.uncounted_ == b.uncounted_ &&
           a.output_ == b.output_;
  }

 private:
  struct Sums {
    Eigen::Matrix4d moments;
    Eigen::Vector4d cross;
  };
  Sums AllSums(const Arm& arm, const TypicalTokens& typical) const;

  // Uncounted calls: cost on the estimate of the query's tokens, and the output tokens that were expected.
  DecayedLine uncounted_;
  DecayedMean output_;
  Eigen::Matrix4d moments_ = Eigen::Matrix4d::Zero();  // S
  Eigen::Vector4d cross_ = Eigen::Vector4d::Zero();    // sum w f y
};

}  // namespace pointsman::learners
