// The leading singular vectors of a sparse matrix, by random projection and power iterations.
// Shapes: the matrix is v by v. The answer has U of v rows by k columns, and k singular values, largest
//   first. Signs: the largest entry of each column of U is positive.
// Cost: 2 (power_iterations + 1) products with k + 32 vectors, as many thin QR of them; 3 v (k + 32) floats.
// Threads: a pure function; `show` gets the share done, 0 to 1.
// Source: Halko, Martinsson and Tropp 2011, "Finding structure with randomness", algorithms 4.4, 5.1.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>

#include "retrieval/training/cooccurrence.h"

namespace pointsman::retrieval {

struct TruncatedSvd {
  Eigen::MatrixXf u;
  Eigen::VectorXf s;
};

TruncatedSvd DecomposeTruncated(const SparseMatrix& matrix, uint32_t components,
                                uint32_t power_iterations, uint64_t seed,
                                const std::function<void(double)>& show);

}  // namespace pointsman::retrieval
