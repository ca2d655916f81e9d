#include "learners/linear/regression_sums.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "base/check.h"

namespace pointsman::learners {

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
    Eigen::Map<VectorXd>(row, i + 1) += (weight * x[i]) * x.head(i + 1);
    row += i + 1;
  }
  cross_ += (weight * y) * x;
}

// Rows are packed in order, so new rows are appended.
void RegressionSums::Grow(Index to) {
  POINTSMAN_CHECK(to >= size());
  moments_.resize(static_cast<std::size_t>(to * (to + 1) / 2), 0.0);
  cross_.conservativeResizeLike(VectorXd::Zero(to));
}

void RegressionSums::Insert(Index index) {
  RegressionSums wider(size() + 1);
  const auto moved = [index](Index i) { return i < index ? i : i + 1; };
  const double* row = moments_.data();
  for (Index i = 0; i < size(); row += ++i) {
    wider.cross_[moved(i)] = cross_[i];
    const Index to = moved(i);
    double* wide = wider.moments_.data() + to * (to + 1) / 2;
    for (Index j = 0; j <= i; ++j) wide[moved(j)] = row[j];
  }
  *this = std::move(wider);
}

void RegressionSums::Correct(const Eigen::Ref<const VectorXd>& x, double y_change, double weight) {
  cross_ += (weight * y_change) * x;
}

void RegressionSums::Scale(double kept) {
  for (double& moment : moments_) moment *= kept;
  cross_ *= kept;
}

void RegressionSums::Move(const Eigen::Ref<const VectorXd>& first, double change) {
  cross_ += change * first;
}

MatrixXd RegressionSums::MomentsWithoutFirst(double more) const {
  const Index n = size() - 1;
  const VectorXd first = FirstMoments();
  MatrixXd moments(n, n);
  const double* row = moments_.data() + 1;
  for (Index i = 0; i < n; ++i) {
    const double share = first[i + 1] / (first[0] + more);
    moments.col(i).head(i + 1) =
        Eigen::Map<const VectorXd>(row + 1, i + 1) - share * first.segment(1, i + 1);
    moments.row(i).head(i) = moments.col(i).head(i).transpose();
    row += i + 2;
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

// Left-looking Cholesky, which reads each column once. The library's blocked one takes twice
// as long at these sizes.
VectorXd SolvePositive(MatrixXd a, VectorXd b) {
  const Index n = a.rows();
  POINTSMAN_CHECK(a.cols() == n && b.size() == n);
  for (Index k = 0; k < n; ++k) {
    auto column = a.col(k).tail(n - k);
    if (k > 0) column.noalias() -= a.block(k, 0, n - k, k) * a.row(k).head(k).transpose();
    column /= std::sqrt(column[0]);
  }
  a.triangularView<Eigen::Lower>().solveInPlace(b);
  a.triangularView<Eigen::Lower>().transpose().solveInPlace(b);
  return b;
}

// Sweeps two pivots at a time over the upper triangle. With P the pivots' block, C their columns (0 in
// their own rows) and F = C P^-1: a <- a - F C', the pivots' columns <- F, their block <- -P^-1. After
// all pivots a holds -a^-1.
void InvertPositive(MatrixXd& a) {
  const Index n = a.rows();
  POINTSMAN_CHECK(a.cols() == n);
  Eigen::MatrixX2d c(n, 2), f(n, 2);
  for (Index k = 0; k < n; k += 2) {
    const Index pivots = std::min<Index>(2, n - k);
    // A last pivot without a partner gets an identity one.
    Eigen::Matrix2d p = Eigen::Matrix2d::Identity();
    c.setZero();
    for (Index i = 0; i < pivots; ++i) {
      c.col(i).head(k) = a.col(k + i).head(k);
      c.col(i).tail(n - k - pivots) = a.row(k + i).tail(n - k - pivots).transpose();
      for (Index j = 0; j <= i; ++j) p(i, j) = p(j, i) = a(k + j, k + i);
    }
    const double determinant = p(0, 0) * p(1, 1) - p(0, 1) * p(0, 1);
    const double p00 = p(1, 1) / determinant, p01 = -p(0, 1) / determinant,
                 p11 = p(0, 0) / determinant;
    f.col(0) = p00 * c.col(0) + p01 * c.col(1);
    f.col(1) = p01 * c.col(0) + p11 * c.col(1);
    for (Index j = 0; j < n; ++j) {
      a.col(j).head(j + 1) -= f(j, 0) * c.col(0).head(j + 1) + f(j, 1) * c.col(1).head(j + 1);
    }
    for (Index i = 0; i < pivots; ++i) {
      a.col(k + i).head(k) = f.col(i).head(k);
      a.row(k + i).tail(n - k - pivots) = f.col(i).tail(n - k - pivots).transpose();
    }
    a(k, k) = -p00;
    if (pivots > 1) a(k, k + 1) = -p01, a(k + 1, k + 1) = -p11;
  }
  a.triangularView<Eigen::Upper>() = -a;
  a.triangularView<Eigen::StrictlyLower>() = a.transpose();
}

}  // namespace pointsman::learners
