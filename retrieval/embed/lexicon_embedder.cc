#include "retrieval/embed/lexicon_embedder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "retrieval/embed/character_sketch.h"
#include "retrieval/embed/scaled_codes.h"
#include "retrieval/embed/text_tokens.h"

namespace pointsman::retrieval {
namespace {

// False if there is nothing to scale.
bool ScaleToUnit(std::span<float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  if (!(squares > 1e-24)) return false;
  const auto scale = static_cast<float>(1 / std::sqrt(squares));
  for (float& value : x) value *= scale;
  return true;
}

// How often each row occurs, in order of first occurrence. Open addressing, sized once.
class RowCounts {
 public:
  struct Seen {
    uint32_t row = 0;
    uint32_t count = 0;
  };

  explicit RowCounts(std::size_t tokens) : slots_(std::bit_ceil(2 * tokens + 1), 0) {
    seen_.reserve(tokens);
  }
  void Add(uint32_t row) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (row * 0x9e3779b1u >> 7) & mask;
    while (slots_[at] != 0 && seen_[slots_[at] - 1].row != row) at = (at + 1) & mask;
    if (slots_[at] == 0) {
      seen_.push_back({row, 0});
      slots_[at] = static_cast<uint32_t>(seen_.size());
    }
    ++seen_[slots_[at] - 1].count;
  }
  std::span<const Seen> seen() const { return seen_; }

 private:
  std::vector<uint32_t> slots_;  // index into `seen_` + 1; 0: empty
  std::vector<Seen> seen_;
};

}  // namespace

LexiconEmbedder::LexiconEmbedder(std::shared_ptr<const Lexicon> lexicon, uint32_t dimension,
                                 double sketch_weight)
    : lexicon_(std::move(lexicon)),
      dimension_(dimension),
      buckets_(sketch_weight > 0 ? kSketchBuckets : 0),
      sketch_weight_(static_cast<float>(sketch_weight)) {
  POINTSMAN_CHECK(dimension >= 1 && dimension <= lexicon_->dimension());
  POINTSMAN_CHECK(std::isfinite(sketch_weight));
}

std::size_t LexiconEmbedder::EmbedWords(std::string_view text, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0f);
  std::vector<uint64_t> tokens;
  tokens.reserve(text.size() / 2 + 1);
  Tokenize(text, tokens);
  RowCounts counts(tokens.size());
  for (const uint64_t token : tokens) lexicon_->HintDirectory(token);
  for (const uint64_t token : tokens) lexicon_->HintKeys(token);
  for (const uint64_t token : tokens) {
    const auto row = lexicon_->Find(token);
    if (!row) continue;
    lexicon_->HintRow(*row);
    counts.Add(*row);
  }
  for (const RowCounts::Seen& seen : counts.seen()) {
    const float often = seen.count == 1 ? 1 : 1 + std::log(static_cast<float>(seen.count));
    const float weight = often * lexicon_->scale(seen.row);
    AddScaled(lexicon_->codes(seen.row), weight, out.data(), out.size());
  }
  if (!ScaleToUnit(out)) {
    std::fill(out.begin(), out.end(), 0.0f);
    return 0;
  }
  const std::span<const float> mean = lexicon_->mean(dimension_);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] -= mean[i];
  if (ScaleToUnit(out)) return counts.seen().size();
  std::fill(out.begin(), out.end(), 0.0f);  // the text equals the mean of texts
  return 0;
}

void LexiconEmbedder::Embed(std::string_view text, std::span<float> out) const {
  POINTSMAN_CHECK(out.size() == dimension());
  const std::span<float> words = out.first(dimension_);
  const std::size_t known = EmbedWords(text, words);
  if (buckets_ > 0) {
    const std::span<float> sketch = out.subspan(dimension_);
    SketchCharacters(text, sketch);
    for (float& x : sketch) x *= sketch_weight_;
  } else if (known < kFewTokens) {
    std::vector<float> sketch(dimension_);
    SketchCharacters(text, sketch);
    const float weight = 1 / (1 + static_cast<float>(known));
    for (std::size_t i = 0; i < sketch.size(); ++i) words[i] += weight * sketch[i];
  } else {
    return;
  }
  if (!ScaleToUnit(out)) std::fill(out.begin(), out.end(), 0.0f);
}

}  // namespace pointsman::retrieval
