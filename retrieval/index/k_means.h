// Spherical k-means by FAISS, on the calling thread and from a fixed seed, so that the same rows give the same centres.
// Shapes: n rows of d floats, row after row; the result has `centres` rows of d.
// Errors: kInternal with FAISS's message. FAISS throws from inside loops that OpenMP may run, so callers exclude what
//   makes it throw: rows that are not finite, and more centres than rows.
// Cost: O(iterations * n * centres * d).
// Threads: any; FAISS and its BLAS are kept to the calling one.
// Source: spherical k-means, Dhillon and Modha 2001.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::retrieval {

absl::StatusOr<std::vector<float>> FindCentres(uint32_t dimension, std::span<const float> rows,
                                               std::size_t centres, int iterations);

}  // namespace pointsman::retrieval
