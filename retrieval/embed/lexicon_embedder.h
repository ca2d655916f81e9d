// Text to vector by a lexicon. The rows of the text's known tokens, each distinct one times 1 +
// ln(how often), are summed and scaled to unit norm. Then the mean of texts is subtracted and
// the result is scaled again.
// If `sketch_weight` > 0, a sketch of the text's characters has entries of its own beside those of the words.
// Otherwise the sketch is added to the words' entries, but only for a text with few known tokens, and times
// 1 / (1 + the number of distinct ones). So a text in an unknown language still has a vector.
// Shapes: D = d lexicon entries, then kSketchBuckets sketch entries if `sketch_weight` > 0.
// Errors: none; any bytes are accepted. Unit norm, or all zero for a text without content.
// Cost: O(bytes + tokens * d); a handful of allocations per call, none per token.
// Threads: const; any number of threads.
#pragma once

#include <memory>

#include "retrieval/embed/embedder.h"
#include "retrieval/embed/lexicon.h"

namespace pointsman::retrieval {

class LexiconEmbedder final : public Embedder {
 public:
  static constexpr uint32_t kSketchBuckets = 64;
  static constexpr uint32_t kDimensionDefault = 64;
  static constexpr std::size_t kFewTokens = 16;  // with this many or more no sketch is added

  // 1 <= dimension <= lexicon->dimension(); sketch_weight is the norm of the sketch's part beside
  // the lexicon's of norm 1.
  LexiconEmbedder(std::shared_ptr<const Lexicon> lexicon, uint32_t dimension, double sketch_weight);

  uint32_t dimension() const override { return dimension_ + buckets_; }
  void Embed(std::string_view text, std::span<float> out) const override;
  uint32_t words_dimension() const { return dimension_; }
  const Lexicon& lexicon() const { return *lexicon_; }

 private:
  // Returns how many distinct tokens are known. `out` is all zero if none is.
  std::size_t EmbedWords(std::string_view text, std::span<float> out) const;

  const std::shared_ptr<const Lexicon> lexicon_;
  const uint32_t dimension_;
  const uint32_t buckets_;
  const float sketch_weight_;
};

}  // namespace pointsman::retrieval
