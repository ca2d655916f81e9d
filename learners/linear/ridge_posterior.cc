#include "learners/linear/ridge_posterior.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "Eigen/Cholesky"
#include "base/check.h"

namespace pointsman::learners {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr uint32_t kUpdatesBetweenFactorisations = 256;

void PutLower(const MatrixXd& matrix, ByteWriter& out) {
  std::vector<double> lower;
  lower.reserve(static_cast<std::size_t>(matrix.rows() * (matrix.rows() + 1) / 2));
  for (Index column = 0; column < matrix.cols(); ++column) {
    for (Index row = column; row < matrix.rows(); ++row) lower.push_back(matrix(row, column));
  }
  out.PutArray(std::span<const double>(lower));
}

// Checks that the bytes are there before it allocates.
MatrixXd GetLower(Index size, ByteReader& in) {
  const std::vector<double> lower = in.GetArray<double>();
  if (lower.size() != static_cast<std::size_t>(size * (size + 1) / 2)) {
    in.Fail();
    return {};
  }
  MatrixXd matrix(size, size);
  std::size_t next = 0;
  for (Index column = 0; column < size; ++column) {
    for (Index row = column; row < size; ++row) {
      const double value = lower[next++];
      if (!std::isfinite(value) || (row == column && !(value > 0))) in.Fail();
      matrix(row, column) = matrix(column, row) = value;
    }
  }
  return matrix;
}

VectorXd GetVector(Index size, ByteReader& in) {
  VectorXd vector(size);
  for (Index i = 0; i < size; ++i) {
    vector[i] = in.Get<double>();
    if (!std::isfinite(vector[i])) in.Fail();
  }
  return vector;
}

}  // namespace

RidgePosterior::RidgePosterior(const Eigen::Ref<const VectorXd>& prior_precision,
                               const Eigen::Ref<const VectorXd>& prior_mean)
    : precision_(prior_precision.asDiagonal()),
      inverse_(prior_precision.cwiseInverse().asDiagonal()),
      b_(prior_precision.cwiseProduct(prior_mean)),
      theta_(prior_mean) {}

// With s = sqrt(w) x and v = A^-1 s / sqrt(1 + s' A^-1 s): A^-1 <- A^-1 - v v', and theta moves along v
// by the scaled residual. Each outer product is of one vector with itself, so both matrices stay
// symmetric to the last bit.
void RidgePosterior::Add(const Eigen::Ref<const VectorXd>& x, double y, double weight) {
  POINTSMAN_CHECK(x.size() == size());
  if (!(weight > 0)) return;
  const VectorXd scaled = x * std::sqrt(weight);
  precision_.noalias() += scaled * scaled.transpose();
  b_ += (weight * y) * x;
  if (++updates_ >= kUpdatesBetweenFactorisations) {
    Refactor();
    return;
  }
  VectorXd v = inverse_ * scaled;
  const double length = std::sqrt(1 + scaled.dot(v));
  v /= length;
  inverse_.noalias() -= v * v.transpose();
  theta_ += ((std::sqrt(weight) * y - scaled.dot(theta_)) / length) * v;
}

void RidgePosterior::Correct(const Eigen::Ref<const VectorXd>& x, double y_change, double weight) {
  b_ += (weight * y_change) * x;
  theta_.noalias() = inverse_ * b_;
}

void RidgePosterior::Remove(const Eigen::Ref<const VectorXd>& x, double y, double weight) {
  POINTSMAN_CHECK(x.size() == size());
  precision_.noalias() -= weight * x * x.transpose();
  b_ -= (weight * y) * x;
  Refactor();
}

void RidgePosterior::Grow(Index to, double precision) {
  const Index from = size();
  POINTSMAN_CHECK(to >= from);
  precision_.conservativeResizeLike(MatrixXd::Zero(to, to));
  precision_.diagonal().tail(to - from).setConstant(precision);
  b_.conservativeResizeLike(VectorXd::Zero(to));
  theta_.conservativeResizeLike(VectorXd::Zero(to));
  Refactor();
}

void RidgePosterior::Forget(double kept, const Eigen::Ref<const VectorXd>& prior_precision,
                            const Eigen::Ref<const VectorXd>& prior_mean) {
  precision_ *= kept;
  precision_.diagonal() += (1 - kept) * prior_precision;
  b_ = kept * b_ + (1 - kept) * prior_precision.cwiseProduct(prior_mean);
  Refactor();
}

double RidgePosterior::Variance(const Eigen::Ref<const VectorXd>& x) const {
  // A^-1 x one column at a time, without a temporary.
  double sum = 0;
  for (Index i = 0; i < x.size(); ++i) sum += x[i] * inverse_.col(i).dot(x);
  return std::max(0.0, sum);
}

double RidgePosterior::Residual() const {
  const MatrixXd product = precision_ * inverse_;
  return (product - MatrixXd::Identity(size(), size())).cwiseAbs().maxCoeff();
}

void RidgePosterior::Refactor() {
  updates_ = 0;
  inverse_ = precision_.llt().solve(MatrixXd::Identity(size(), size()));
  inverse_.triangularView<Eigen::StrictlyUpper>() = inverse_.transpose();
  theta_.noalias() = inverse_ * b_;
}

void RidgePosterior::Encode(ByteWriter& out) const {
  out.Put(updates_);
  PutLower(precision_, out);
  PutLower(inverse_, out);
  for (Index i = 0; i < size(); ++i) out.Put(b_[i]);
  for (Index i = 0; i < size(); ++i) out.Put(theta_[i]);
}

RidgePosterior RidgePosterior::Decode(Index size, ByteReader& in) {
  RidgePosterior posterior;
  posterior.updates_ = in.Get<uint32_t>();
  if (posterior.updates_ >= kUpdatesBetweenFactorisations) in.Fail();
  posterior.precision_ = GetLower(size, in);
  posterior.inverse_ = GetLower(size, in);
  posterior.b_ = GetVector(size, in);
  posterior.theta_ = GetVector(size, in);
  return posterior;
}

}  // namespace pointsman::learners
