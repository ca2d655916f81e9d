// The Gaussian posterior of one ridge regression, kept up to date outcome by outcome.
//   A = Lambda + sum w x x',  b = Lambda theta_0 + sum w y x,  theta = A^-1 b;
//   both in units of the noise: the posterior covariance is noise^2 A^-1.
//   A^-1 is maintained by rank-1 updates and recomputed from A (Cholesky) every 256 of them.
// Shapes: x has n entries; A and A^-1 are n x n.
// Cost: Add and Correct O(n^2), no allocation; Forget and every 256th Add O(n^3). 16 n^2 bytes.
// Threads: a value; const methods from any thread.
// Source: Sherman and Morrison 1950; Bayesian linear regression as in Bishop 2006, eq. 3.50 to
//   3.54.
#pragma once

#include <cstdint>

#include "Eigen/Core"
#include "base/bytes.h"

namespace pointsman::learners {

class RidgePosterior {
 public:
  RidgePosterior() = default;
  // Lambda = diag(prior_precision), each > 0; theta_0 = prior_mean.
  RidgePosterior(const Eigen::Ref<const Eigen::VectorXd>& prior_precision,
                 const Eigen::Ref<const Eigen::VectorXd>& prior_mean);

  void Add(const Eigen::Ref<const Eigen::VectorXd>& x, double y, double weight);
  // Changes the value of an outcome already added. Only b changes.
  void Correct(const Eigen::Ref<const Eigen::VectorXd>& x, double y_change, double weight);
  // Removes an outcome already added, including its precision. O(n^3).
  void Remove(const Eigen::Ref<const Eigen::VectorXd>& x, double y, double weight);
  // Adds entries of theta, each with its own prior N(0, 1 / precision). O(n^3).
  void Grow(Eigen::Index size, double precision);
  // Keeps the share `kept` of the evidence; the prior takes the place of the rest: A <- Lambda + kept (A -
  // Lambda), and b in the same way.
  void Forget(double kept, const Eigen::Ref<const Eigen::VectorXd>& prior_precision,
              const Eigen::Ref<const Eigen::VectorXd>& prior_mean);

  Eigen::Index size() const { return theta_.size(); }
  double Mean(const Eigen::Ref<const Eigen::VectorXd>& x) const { return theta_.dot(x); }
  // x' A^-1 x: the variance of the mean at x over noise^2. Never negative.
  double Variance(const Eigen::Ref<const Eigen::VectorXd>& x) const;
  double MeanAt(Eigen::Index entry) const { return theta_[entry]; }
  double VarianceAt(Eigen::Index entry) const { return inverse_(entry, entry); }
  // Largest entry of |A A^-1 - I|: how far the maintained inverse has drifted. O(n^3), for tests.
  double Residual() const;

  void Encode(ByteWriter& out) const;
  // Fails `in` unless it holds finite numbers of this size, with a positive diagonal.
  static RidgePosterior Decode(Eigen::Index size, ByteReader& in);

 private:
  void Refactor();

  uint32_t updates_ = 0;  // since the last factorisation
  Eigen::MatrixXd precision_;
  Eigen::MatrixXd inverse_;
  Eigen::VectorXd b_;
  Eigen::VectorXd theta_;
};

}  // namespace pointsman::learners
