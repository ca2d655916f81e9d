// The head of the hybrid model (learners/quality/hybrid/hybrid.h has its formula): one small ridge regression
// that all arms share, on the residuals of the linear part.
// Cost: O(1).
// Threads: a value; const methods from any thread.
#pragma once

#include "Eigen/Core"
#include "base/bytes.h"

namespace pointsman::learners {

class HybridHead {
 public:
  explicit HybridHead(double prior_precision) { precision_ *= prior_precision; }

  double Says(const Eigen::Vector3d& phi) const { return beta_.dot(phi); }
  void Learn(const Eigen::Vector3d& phi, double residual, double weight);

  void Encode(ByteWriter& out) const;
  // Fails `in` unless every number is finite and in its range.
  void Decode(ByteReader& in);

 private:
  Eigen::Matrix3d precision_ = Eigen::Matrix3d::Identity();
  Eigen::Vector3d cross_ = Eigen::Vector3d::Zero();
  Eigen::Vector3d beta_ = Eigen::Vector3d::Zero();
};

}  // namespace pointsman::learners
