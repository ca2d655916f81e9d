// A lower confidence sequence for a mean: a bound that holds at every count at once, so one may look whenever one
// likes and stop when one likes.
// Input: observations x_1, x_2, ... of at least 0, whose conditional means are at most 1. Nothing else is needed: they
//   may be unbounded, dependent, and change with time. Importance weighted outcomes are such observations.
// Operation: for each of some rates l, the wealth of one who bets that the mean is above m,
//     log W_l(m) = l (sum of p_t - t m) + sum of log(1 + l (x_t - p_t)),
//   where p_t <= 1 is the mean that was predicted before x_t. W_l is a supermartingale if the mean of the conditional
//   means is m, since (1 + l (m_t - p_t)) e^(l (p_t - m_t)) <= 1. The bound is the m at which the mean wealth over
//   the rates is 1 / alpha (Ville's inequality).
// Cost: one logarithm for each of the 24 rates and observation; a bound is a bisection over them.
// Threads: values.
// Source: Mineiro, "A lower confidence sequence for the changing mean of non-negative right heavy-tailed observations
//   with bounded mean", arXiv 2210.11133, section 3. Here the rates are finite in number and weigh alike, and the
//   logarithms are exact.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pointsman::learners {

class RobustSequence {
 public:
  // `x` of at least 0.
  void Add(double x);
  // The mean of the conditional means is at least this with probability 1 - alpha, at all counts. In [0, 1].
  double Lower(double alpha) const;
  uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t kRates = 24;
  double LogWealth(double mean) const;

  uint64_t count_ = 0;
  double sum_ = 0;            // of x
  double predicted_sum_ = 0;  // of p
  std::array<double, kRates> logs_{};
};

}  // namespace pointsman::learners
