// A fixed affine map from embeddings (D) to context vectors (d <= D); the result is then scaled to unit norm.
// Chosen when a pool is made, because learned state depends on it. One of:
//   identity, when d = D and nothing is fitted;
//   the first d rows of a seeded random rotation (orthonormal rows);
//   fitted: the leading d principal components of given vectors, less their mean.
// Shapes: a fitted one is stored as d rows of D + 1 numbers, row-major: a component, then its product with
//   the mean, which is subtracted.
// Cost: O(D d), no allocation; fitting O(n D^2 + D^3).
// Threads: const; any number of threads.
// Source: orthonormalised Gaussian projection, as in Johnson and Lindenstrauss
//   1984; principal components, Pearson 1901.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"

namespace pointsman::retrieval {

class Projection {
 public:
  // Errors: kInvalidArgument unless 1 <= projected <= dimension.
  static absl::StatusOr<Projection> Make(uint32_t dimension, uint32_t projected, uint64_t seed);

  // Errors: kInvalidArgument unless `rows` is d * (D + 1) finite numbers, no component all zero.
  static absl::StatusOr<Projection> Fitted(uint32_t dimension, uint32_t projected,
                                           std::span<const float> rows);

  // `in` has D entries, `out` d; a zero input gives a zero output, fitted or not.
  void Apply(std::span<const float> in, std::span<float> out) const;
  uint32_t dimension() const { return dimension_; }
  uint32_t projected() const { return projected_; }

 private:
  Projection(uint32_t dimension, uint32_t projected)
      : dimension_(dimension), projected_(projected) {}

  uint32_t dimension_;
  uint32_t projected_;
  std::vector<float> rows_;     // d * D, row-major; empty: identity
  std::vector<float> offsets_;  // d, subtracted; empty: none
};

// The projection that resolved settings ask for. Errors: as Make and Fitted.
absl::StatusOr<Projection> MakeProjection(const EmbedderSettings& settings);

// The rows of a fitted projection. `vectors` is n * D, row-major; n at least 2 and at least d.
// Signs: the largest entry of each component is positive. Errors: kInvalidArgument if the vectors
// are too few or do not span d dimensions.
absl::StatusOr<std::vector<float>> FitPrincipalComponents(std::span<const float> vectors,
                                                          uint32_t dimension, uint32_t projected);

}  // namespace pointsman::retrieval
