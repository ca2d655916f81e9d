// A fixed linear map from embeddings (D) to context vectors (d <= D): identity when d = D, else the
// first d rows of a seeded random rotation (orthonormal rows), after which the result is scaled to
// unit norm. Chosen when a pool is made; learned state depends on it.
// Cost: O(D d); no allocation.
// Threads: const; any number of threads.
// Source: orthonormalised Gaussian projection, as in Johnson and Lindenstrauss 1984.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman {

class Projection {
 public:
  // Errors: kInvalidArgument unless 1 <= projected <= dimension.
  static absl::StatusOr<Projection> Make(uint32_t dimension, uint32_t projected, uint64_t seed);

  // `in` has D entries, `out` d; a zero input gives a zero output.
  void Apply(std::span<const float> in, std::span<float> out) const;
  uint32_t dimension() const { return dimension_; }
  uint32_t projected() const { return projected_; }

 private:
  Projection(uint32_t dimension, uint32_t projected) : dimension_(dimension), projected_(projected) {}

  uint32_t dimension_;
  uint32_t projected_;
  std::vector<float> rows_;  // d * D, row-major; empty: identity
};

}  // namespace pointsman
