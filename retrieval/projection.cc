#include "retrieval/projection.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"
#include "base/strings.h"
#include "retrieval/dot.h"

namespace pointsman {

absl::StatusOr<Projection> Projection::Make(uint32_t dimension, uint32_t projected, uint64_t seed) {
  if (projected < 1 || projected > dimension) {
    return InvalidArgument("embedder.projected is ", projected, "; it must be from 1 to ",
                           dimension, ", the embedder's dimension");
  }
  Projection projection(dimension, projected);
  if (projected == dimension) return projection;

  // The thin Q of a Gaussian D x d matrix: its columns are d orthonormal directions, distributed
  // evenly once the signs are those of a positive diagonal of R.
  Rng rng(seed);
  Eigen::MatrixXd gaussian(dimension, projected);
  for (Eigen::Index column = 0; column < gaussian.cols(); ++column) {
    for (Eigen::Index row = 0; row < gaussian.rows(); ++row) gaussian(row, column) = rng.Normal();
  }
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(gaussian);
  const Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(dimension, projected);
  projection.rows_.reserve(std::size_t{dimension} * projected);
  for (Eigen::Index column = 0; column < q.cols(); ++column) {
    const double sign = qr.matrixQR()(column, column) < 0 ? -1 : 1;
    for (Eigen::Index row = 0; row < q.rows(); ++row) {
      projection.rows_.push_back(static_cast<float>(sign * q(row, column)));
    }
  }
  return projection;
}

void Projection::Apply(std::span<const float> in, std::span<float> out) const {
  POINTSMAN_CHECK(in.size() == dimension_ && out.size() == projected_);
  if (rows_.empty()) {
    std::copy(in.begin(), in.end(), out.begin());
    return;
  }
  float squares = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = Dot(rows_.data() + i * dimension_, in.data(), dimension_);
    squares += out[i] * out[i];
  }
  if (!(squares > 0)) return;
  const float scale = 1 / std::sqrt(squares);
  for (float& x : out) x *= scale;
}

}  // namespace pointsman
