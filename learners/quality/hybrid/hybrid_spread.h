// How much outcomes vary around an arm's level, and how much the levels of the arms vary: what makes an estimate
// of a level sure or unsure. Both are estimated from the evidence of the pool's arms (empirical Bayes).
//   v(q) = ratio * q (1 - q)   the variance of one outcome of an arm with level q. `ratio` is 1 for outcomes that are
//                              0 or 1, and below 1 for grades. It is what the outcomes of each arm vary around their
//                              mean, over what outcomes of 0 and 1 would, shrunk to 1.
//   B                          the variance between the levels of the arms, shrunk to b^2 = 0.25^2. EM from b^2:
//                              B <- (nu b^2 + sum_a (E[l_a - m]^2 + Var[l_a])) / (nu + K),
//                              Var[l_a] = 1 / (n_a / v + 1 / B)
// From them:
//   strength = v(m) / B        outcomes that the shared prior level m counts as
//   deviation^2 = v(l_a) / (n_a + strength)
// Cost: Fit O(arms); the others O(1).
// Threads: a value; const methods from any thread.
// Source: the normal hierarchical model, Morris 1983, "Parametric Empirical Bayes Inference"; EM, Dempster, Laird
//   and Rubin 1977.
#pragma once

#include <span>

#include "base/bytes.h"

namespace pointsman::learners {

class HybridSpread {
 public:
  double OutcomeVariance(double level) const;
  double Strength(double shared_level) const { return OutcomeVariance(shared_level) / between_; }
  double Deviation(double level, double weight_and_strength) const;

  // The evidence of one arm that has outcomes.
  struct Level {
    double distance = 0;  // of its mean from the shared level, without what its slope explains
    double weight = 0;    // sum w, above 0
    double mean = 0;      // of its outcomes
    double squares = 0;   // sum w y^2
    // The arm was seen to change: its outcomes vary by more than chance, so they do not speak of the ratio.
    bool has_changed = false;
  };
  void Fit(std::span<const Level> levels, double shared_level);

  void Encode(ByteWriter& out) const;
  // Fails `in` unless every number is finite and in its range.
  void Decode(ByteReader& in);

 private:
  double ratio_ = 1;
  double between_ = 0.0625;
};

}  // namespace pointsman::learners
