#include "retrieval/training/truncated_svd.h"

#include <Eigen/QR>
#include <Eigen/SVD>
#include <algorithm>

#include "base/rng.h"

namespace pointsman::retrieval {
namespace {

constexpr Eigen::Index kOversampling = 32;
constexpr Eigen::Index kPanel = 32;  // columns at a time: a panel of 40,000 rows stays in the cache

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, kPanel, Eigen::RowMajor>;

// M x, or M' x.
Eigen::MatrixXf Product(const SparseMatrix& m, const Eigen::MatrixXf& x, bool is_transposed) {
  Eigen::MatrixXf out(x.rows(), x.cols());
  RowMajor from(x.rows(), kPanel), to(x.rows(), kPanel);
  for (Eigen::Index first = 0; first < x.cols(); first += kPanel) {
    const Eigen::Index width = std::min(kPanel, x.cols() - first);
    from.setZero();
    from.leftCols(width) = x.middleCols(first, width);
    to.setZero();
    for (Eigen::Index r = 0; r + 1 < static_cast<Eigen::Index>(m.starts.size()); ++r) {
      const auto row = static_cast<std::size_t>(r);
      for (uint64_t i = m.starts[row]; i < m.starts[row + 1]; ++i) {
        const auto c = static_cast<Eigen::Index>(m.columns[i]);
        if (is_transposed) {
          to.row(c) += m.values[i] * from.row(r);
        } else {
          to.row(r) += m.values[i] * from.row(c);
        }
      }
    }
    out.middleCols(first, width) = to.leftCols(width);
  }
  return out;
}

Eigen::MatrixXf Orthonormal(const Eigen::MatrixXf& x) {
  const Eigen::HouseholderQR<Eigen::MatrixXf> qr(x);
  return qr.householderQ() * Eigen::MatrixXf::Identity(x.rows(), x.cols());
}

}  // namespace

TruncatedSvd DecomposeTruncated(const SparseMatrix& matrix, uint32_t components,
                                uint32_t power_iterations, uint64_t seed,
                                const std::function<void(double)>& show) {
  const auto rows = static_cast<Eigen::Index>(matrix.starts.size() - 1);
  const Eigen::Index width = std::min<Eigen::Index>(components + kOversampling, rows);
  Rng rng(seed);
  Eigen::MatrixXf x(rows, width);
  for (Eigen::Index column = 0; column < width; ++column) {
    for (Eigen::Index row = 0; row < rows; ++row) x(row, column) = static_cast<float>(rng.Normal());
  }
  const double steps = 2 * power_iterations + 2;
  int done = 0;
  const auto step = [&](bool is_transposed) {
    x = Product(matrix, x, is_transposed);
    show(++done / steps);
  };
  step(false);
  for (uint32_t i = 0; i < power_iterations; ++i) {
    x = Orthonormal(x);
    step(true);
    x = Orthonormal(x);
    step(false);
  }
  const Eigen::MatrixXf q = Orthonormal(x);
  // B = Q' M, so M ~ Q B. B' = M' Q is tall, and its singular values and right vectors are the result.
  x = q;
  step(true);
  const Eigen::MatrixXd gram = (x.transpose() * x).cast<double>();
  const Eigen::JacobiSVD<Eigen::MatrixXd> small(gram, Eigen::ComputeFullU);
  const Eigen::Index k = std::min<Eigen::Index>(components, width);
  TruncatedSvd out;
  out.s = small.singularValues().head(k).cwiseSqrt().cast<float>();
  out.u = q * small.matrixU().leftCols(k).cast<float>();
  for (Eigen::Index column = 0; column < k; ++column) {
    Eigen::Index largest = 0;
    out.u.col(column).cwiseAbs().maxCoeff(&largest);
    if (out.u(largest, column) < 0) out.u.col(column) *= -1;
  }
  return out;
}

}  // namespace pointsman::retrieval
