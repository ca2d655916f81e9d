// One arm under several ridge regressions of the same outcomes that differ in the prior alone:
//   level ~ (m0, counting as s0 outcomes), theta ~ N(0, I / precision_i), in units of the noise.
// The arm owns its posteriors from its first outcome with a vector on; without them it has its
// level and the prior's spread. Cost: as RidgePosterior, times the number of precisions. Threads: a
// value; const methods from any thread. Source: learners/lin_thompson_posterior.h.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "Eigen/Core"
#include "base/arm.h"
#include "base/bytes.h"
#include "learners/lin_thompson_posterior.h"
#include "learners/quality_model.h"

namespace pointsman {

// (1, z); z is 0 for an empty context.
Eigen::VectorXd WithIntercept(std::span<const float> context, Eigen::Index dimension);

class RidgeArm {
 public:
  // Changed priors reach an arm until it owns posteriors; then the data has the word.
  void Put(const Arm& settings);
  // `may_own`: whether one more arm may own posteriors. `precisions`: one per regression.
  void Learn(const Observation& observation, const Eigen::Ref<const Eigen::VectorXd>& x,
             std::span<const double> precisions, double forget_outcomes, bool may_own);

  bool OwnsPosteriors() const { return !posteriors_.empty(); }
  // Of regression i at x: the mean, and the root of x' A^-1 x (deviation in units of the noise).
  QualityEstimate At(std::size_t i, double precision,
                     const Eigen::Ref<const Eigen::VectorXd>& x) const;
  // Of the level alone, as if nothing had a context; the deviation in units of the noise.
  QualityEstimate Level() const;

  void Encode(ByteWriter& out) const;
  // Fails `in` unless all is finite and in its range.
  static RidgeArm Decode(Eigen::Index size, std::size_t regressions, ByteReader& in);

 private:
  Eigen::VectorXd PriorPrecision(Eigen::Index size, double precision) const;
  Eigen::VectorXd PriorMean(Eigen::Index size) const;
  void Forget(std::span<const double> precisions, double forget_outcomes);

  double prior_mean_ = 0.5;
  double prior_strength_ = 1;
  double sum_ = 0;
  double weight_ = 0;
  double unforgotten_ = 0;  // outcomes since the last forgetting
  std::vector<RidgePosterior> posteriors_;
};

}  // namespace pointsman
