// One arm under several ridge regressions of the same outcomes, which differ in the prior alone:
//   level ~ (m0, counting as s0 outcomes), theta ~ N(0, I / precision_i), in units of the noise.
// The arm owns posteriors from its first outcome with a vector. Before that it has its
// level and the prior's spread.
// Cost: as RidgePosterior, times the number of precisions.
// Threads: a value; const methods from any thread.
// Source: learners/linear/ridge_posterior.h.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "Eigen/Core"
#include "base/bytes.h"
#include "domain/arm.h"
#include "learners/linear/ridge_posterior.h"
#include "learners/quality/quality_model.h"

namespace pointsman::learners {

// (1, z); z is 0 for an empty context.
Eigen::VectorXd WithIntercept(std::span<const float> context, Eigen::Index dimension);

class RidgeArm {
 public:
  // Changed priors reach an arm until it owns posteriors. After that only data counts.
  void Put(const Arm& settings);
  // Starts the level at `level`, with the weight of `strength` outcomes.
  void Believe(double level, double strength);
  // `may_own`: whether one more arm may own posteriors. `precisions`: one per regression. `clock`: the
  // pool's outcomes so far, by which evidence fades; it keeps 1/e of its weight after
  // `forget_outcomes` (0: it never fades).
  void Learn(const Observation& observation, const Eigen::Ref<const Eigen::VectorXd>& x,
             std::span<const double> precisions, double forget_outcomes, double clock,
             bool may_own);
  // Brings the evidence to the present clock. `kept`: the share of it that is left.
  void Settle(std::span<const double> precisions, double kept, double clock);
  void Grow(Eigen::Index size, std::span<const double> precisions);

  bool OwnsPosteriors() const { return !posteriors_.empty(); }
  double clock() const { return clock_; }
  // Regression i at x: the mean, and the root of x' A^-1 x (deviation in units of the noise). `kept`: the
  // share of the evidence that is left since clock().
  QualityEstimate At(std::size_t i, double precision, const Eigen::Ref<const Eigen::VectorXd>& x,
                     double kept) const;
  // The level alone, as if no outcome had a context. The deviation is in units of the noise.
  QualityEstimate Level(double kept) const;

  void Encode(ByteWriter& out) const;
  // Fails `in` unless every number is finite and in its range.
  static RidgeArm Decode(Eigen::Index size, std::size_t regressions, ByteReader& in);

 private:
  Eigen::VectorXd PriorPrecision(Eigen::Index size, double precision) const;
  Eigen::VectorXd PriorMean(Eigen::Index size) const;
  void Forget(std::span<const double> precisions, double kept);

  double prior_mean_ = 0.5;
  double prior_strength_ = 1;
  double sum_ = 0;
  double weight_ = 0;
  double clock_ = 0;        // the evidence is as of this clock
  double owned_since_ = 0;  // clock: earlier outcomes taught the level alone
  std::vector<RidgePosterior> posteriors_;
};

}  // namespace pointsman::learners
