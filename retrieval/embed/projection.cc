#include "retrieval/embed/projection.h"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/rng.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "retrieval/embed/dot.h"
#include "retrieval/embed/embedder.h"

namespace pointsman::retrieval {

namespace {

constexpr double kRowSquaresMax = 1e12;

absl::Status CheckShape(uint32_t dimension, uint32_t projected) {
  if (projected >= 1 && projected <= dimension) return absl::OkStatus();
  return InvalidArgument("embedder.projected is ", projected, "; it must be from 1 to ", dimension,
                         ", the embedder's dimension");
}

}  // namespace

absl::StatusOr<Projection> Projection::Make(uint32_t dimension, uint32_t projected, uint64_t seed) {
  RETURN_IF_ERROR(CheckShape(dimension, projected));
  Projection projection(dimension, projected);
  if (projected == dimension) return projection;

  // The thin Q of a Gaussian D x d matrix. Its columns are d orthonormal directions, distributed evenly once
  // the signs are those of a positive diagonal of R.
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

absl::StatusOr<Projection> Projection::Fitted(uint32_t dimension, uint32_t projected,
                                              std::span<const float> rows) {
  RETURN_IF_ERROR(CheckShape(dimension, projected));
  const std::size_t width = std::size_t{dimension} + 1;
  if (rows.size() != projected * width) {
    return InvalidArgument("embedder.projection_rows has ", rows.size(), " numbers; ", projected,
                           " rows of ", dimension, " + 1 have ", projected * width);
  }
  Projection projection(dimension, projected);
  for (std::size_t r = 0; r < projected; ++r) {
    const std::span<const float> row = rows.subspan(r * width, width);
    double squares = 0;
    for (const float x : row) squares += double{x} * x;
    if (!std::isfinite(squares) || squares > kRowSquaresMax || squares < 1 / kRowSquaresMax) {
      return InvalidArgument("embedder.projection_rows: row ", r,
                             " is zero, huge or not a number; fit it again");
    }
    projection.rows_.insert(projection.rows_.end(), row.begin(), row.end() - 1);
    projection.offsets_.push_back(row.back());
  }
  return projection;
}

void Projection::Apply(std::span<const float> in, std::span<float> out) const {
  POINTSMAN_CHECK(in.size() == dimension_ && out.size() == projected_);
  if (rows_.empty()) {
    std::copy(in.begin(), in.end(), out.begin());
    return;
  }
  if (!offsets_.empty() && std::all_of(in.begin(), in.end(), [](float x) { return x == 0; })) {
    std::fill(out.begin(), out.end(), 0.0f);  // a text without content must give zero
    return;
  }
  float squares = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = Dot(rows_.data() + i * dimension_, in.data(), dimension_);
    if (!offsets_.empty()) out[i] -= offsets_[i];
    squares += out[i] * out[i];
  }
  if (!(squares > 0)) return;
  const float scale = 1 / std::sqrt(squares);
  for (float& x : out) x *= scale;
}

absl::StatusOr<Projection> MakeProjection(const EmbedderSettings& settings) {
  const uint32_t dimension = EmbeddedDimension(settings);
  if (!settings.projection_rows.empty()) {
    return Projection::Fitted(dimension, settings.projected, settings.projection_rows);
  }
  return Projection::Make(dimension, settings.projected, settings.projection_seed);
}

absl::StatusOr<std::vector<float>> FitPrincipalComponents(std::span<const float> vectors,
                                                          uint32_t dimension, uint32_t projected) {
  RETURN_IF_ERROR(CheckShape(dimension, projected));
  const std::size_t n = vectors.size() / dimension;
  if (n < 2 || n < projected) {
    return InvalidArgument("a projection to ", projected, " dimensions is fitted to at least ",
                           std::max(2u, projected), " vectors; there are ", n);
  }
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Rows> x(vectors.data(), static_cast<Eigen::Index>(n), dimension);
  const Eigen::VectorXd mean = x.cast<double>().colwise().mean().transpose();
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(dimension, dimension);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const Eigen::VectorXd centred = x.row(i).transpose().cast<double>() - mean;
    covariance.selfadjointView<Eigen::Lower>().rankUpdate(centred);
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);  // ascending
  const double least = solver.eigenvalues()(dimension - projected);
  if (!(least > 1e-9 * solver.eigenvalues()(dimension - 1))) {
    return InvalidArgument("the vectors do not vary in ", projected,
                           " dimensions; give more prompts or project to fewer");
  }
  std::vector<float> rows;
  for (uint32_t i = 0; i < projected; ++i) {
    Eigen::VectorXd component = solver.eigenvectors().col(dimension - 1 - i);
    Eigen::Index largest = 0;
    component.cwiseAbs().maxCoeff(&largest);
    if (component(largest) < 0) component = -component;
    for (const double value : component) rows.push_back(static_cast<float>(value));
    rows.push_back(static_cast<float>(component.dot(mean)));
  }
  return rows;
}

}  // namespace pointsman::retrieval
