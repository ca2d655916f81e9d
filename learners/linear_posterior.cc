#include "learners/linear_posterior.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "Eigen/Cholesky"
#include "base/check.h"

namespace pointsman {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

RegressionSums::RegressionSums(Index size)
    : moments_(static_cast<std::size_t>(size * (size + 1) / 2), 0.0),
      cross_(VectorXd::Zero(size)) {}

void RegressionSums::Add(const Eigen::Ref<const VectorXd>& x, double y, double weight) {
  POINTSMAN_CHECK(x.size() == size());
  double* row = moments_.data();
  for (Index i = 0; i < x.size(); ++i) {
    const double scaled = weight * x[i];
    for (Index j = 0; j <= i; ++j) row[j] += scaled * x[j];
    row += i + 1;
  }
  cross_ += (weight * y) * x;
}

void RegressionSums::Correct(const Eigen::Ref<const VectorXd>& x, double y_change, double weight) {
  cross_ += (weight * y_change) * x;
}

void RegressionSums::Scale(double kept) {
  for (double& moment : moments_) moment *= kept;
  cross_ *= kept;
}

void RegressionSums::Shift(double change) { cross_ += change * FirstMoments(); }

MatrixXd RegressionSums::Moments() const {
  MatrixXd moments(size(), size());
  const double* row = moments_.data();
  for (Index i = 0; i < size(); ++i) {
    for (Index j = 0; j <= i; ++j) moments(i, j) = moments(j, i) = row[j];
    row += i + 1;
  }
  return moments;
}

VectorXd RegressionSums::FirstMoments() const {
  VectorXd sums(size());
  std::size_t at = 0;
  for (Index i = 0; i < size(); ++i) {
    sums[i] = moments_[at];
    at += static_cast<std::size_t>(i) + 1;
  }
  return sums;
}

void RegressionSums::Encode(ByteWriter& out) const {
  out.PutArray(std::span<const double>(moments_));
  out.PutArray(std::span<const double>(cross_.data(), static_cast<std::size_t>(cross_.size())));
}

RegressionSums RegressionSums::Decode(Index size, ByteReader& in) {
  std::vector<double> moments = in.GetArray<double>();
  const std::vector<double> cross = in.GetArray<double>();
  if (moments.size() != static_cast<std::size_t>(size * (size + 1) / 2) ||
      cross.size() != static_cast<std::size_t>(size)) {
    in.Fail();
    return {};
  }
  for (const double number : moments) {
    if (!std::isfinite(number)) in.Fail();
  }
  for (const double number : cross) {
    if (!std::isfinite(number)) in.Fail();
  }
  for (std::size_t i = 0, at = 0; i < cross.size(); ++i, at += i + 1) {
    if (moments[at] < 0) in.Fail();
  }
  RegressionSums sums(size);
  sums.moments_ = std::move(moments);
  std::copy(cross.begin(), cross.end(), sums.cross_.data());
  return sums;
}

MatrixXd PosteriorInverse(MatrixXd moments, const Eigen::Ref<const VectorXd>& precision) {
  POINTSMAN_CHECK(moments.rows() == precision.size() && (precision.array() > 0).all());
  moments.diagonal() += precision;
  MatrixXd inverse = moments.llt().solve(MatrixXd::Identity(moments.rows(), moments.cols()));
  inverse.triangularView<Eigen::StrictlyUpper>() = inverse.transpose();
  return inverse;
}

}  // namespace pointsman
