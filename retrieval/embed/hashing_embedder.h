// Text to vector without a model: signed feature hashing of lower-cased words, word bigrams and character 3-
// to 5-grams. It captures little meaning, but needs no file and works for any language.
// Shapes: D buckets, 1 <= D <= kDimensionMax.
// Errors: none; a byte that is not UTF-8 counts as a character of its own.
// Cost: O(bytes), about 4 features per byte; two allocations per call, none per token.
// Threads: const; any number of threads.
// Source: Weinberger et al. 2009, "Feature hashing for large scale multitask learning", section 2.
#pragma once

#include "retrieval/embed/embedder.h"

namespace pointsman::retrieval {

class HashingEmbedder final : public Embedder {
 public:
  static constexpr uint32_t kDimensionDefault = 256;
  static constexpr uint32_t kDimensionMax = 4096;

  explicit HashingEmbedder(uint32_t dimension);

  uint32_t dimension() const override { return dimension_; }
  void Embed(std::string_view text, std::span<float> out) const override;

 private:
  const uint32_t dimension_;
};

}  // namespace pointsman::retrieval
