#include "learners/quality/hybrid/hybrid_head.h"

#include <cmath>

#include "Eigen/Cholesky"

namespace pointsman::learners {

void HybridHead::Learn(const Eigen::Vector3d& phi, double residual, double weight) {
  precision_ += weight * phi * phi.transpose();
  cross_ += weight * residual * phi;
  beta_ = precision_.llt().solve(cross_);
}

void HybridHead::Encode(ByteWriter& out) const {
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) out.Put(precision_(i, j));
    out.Put(cross_[i]);
    out.Put(beta_[i]);
  }
}

void HybridHead::Decode(ByteReader& in) {
  const auto get = [&in] {
    const auto number = in.Get<double>();
    if (!std::isfinite(number)) in.Fail();
    return number;
  };
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) precision_(i, j) = precision_(j, i) = get();
    if (!(precision_(i, i) > 0)) in.Fail();
    cross_[i] = get();
    beta_[i] = get();
  }
}

}  // namespace pointsman::learners
