#include "retrieval/embed/character_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "retrieval/embed/folded_text.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kGramLeast = 3;
constexpr std::size_t kGramMost = 5;
constexpr uint64_t kGramSeed = 0xc0ac29b7c97c50ddull;

uint64_t Step(uint64_t hash, uint32_t character) {
  return std::rotl((hash ^ character) * 0x9e3779b97f4a7c15ull, 29);
}

// Signed counts by bucket. Whole numbers, because a floating-point addition waits for the one before it.
class SignedCounts {
 public:
  explicit SignedCounts(std::size_t buckets) : counts_(buckets, 0) {}
  void Add(uint64_t hash) {
    const uint64_t mixed = hash * 0xff51afd7ed558ccdull;
    last_ = static_cast<std::size_t>(((mixed >> 32) * counts_.size()) >> 32);
    counts_[last_] += (mixed & 0x80000000u) != 0 ? 1 : -1;
  }
  std::size_t last() const { return last_; }
  int32_t operator[](std::size_t bucket) const { return counts_[bucket]; }

 private:
  absl::InlinedVector<int32_t, 128> counts_;
  std::size_t last_ = 0;
};

}  // namespace

void SketchCharacters(std::string_view text, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  const FoldedText characters = FoldText(text);
  if (characters.size() == 1) return;
  SignedCounts counts(out.size());
  const uint32_t* at = characters.data();
  for (std::size_t left = characters.size(); left >= kGramLeast; --left, ++at) {
    uint64_t hash = Step(Step(Step(kGramSeed, at[0]), at[1]), at[2]);
    counts.Add(hash);
    if (left < kGramLeast + 1) continue;
    counts.Add(hash = Step(hash, at[3]));
    if (left >= kGramMost) counts.Add(Step(hash, at[4]));
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(counts[i]);
  const std::size_t last = counts.last();
  float squares = 0;
  for (const float x : out) squares += x * x;
  if (squares == 0) {  // the signs cancelled, which needs very few buckets
    out[last] = 1;
    return;
  }
  const float scale = 1 / std::sqrt(squares);
  for (float& x : out) x *= scale;
}

}  // namespace pointsman::retrieval
