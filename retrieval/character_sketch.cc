#include "retrieval/character_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "retrieval/folded_text.h"

namespace pointsman {
namespace {

constexpr std::size_t kGramLeast = 3;
constexpr std::size_t kGramMost = 5;
constexpr uint64_t kGramSeed = 0xc0ac29b7c97c50ddull;

}  // namespace

void SketchCharacters(std::string_view text, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  const FoldedText characters = FoldText(text);
  if (characters.size() == 1) return;
  std::size_t last = 0;
  for (std::size_t i = 0; i + kGramLeast <= characters.size(); ++i) {
    uint64_t hash = kGramSeed;
    const std::size_t length_max = std::min(kGramMost, characters.size() - i);
    for (std::size_t length = 1; length <= length_max; ++length) {
      hash = std::rotl((hash ^ characters[i + length - 1]) * 0x9e3779b97f4a7c15ull, 29);
      if (length < kGramLeast) continue;
      const uint64_t mixed = hash * 0xff51afd7ed558ccdull;
      last = static_cast<std::size_t>(((mixed >> 32) * out.size()) >> 32);
      out[last] += (mixed & 0x80000000u) != 0 ? 1.0f : -1.0f;
    }
  }
  float squares = 0;
  for (const float x : out) squares += x * x;
  if (squares == 0) {  // the signs cancelled, which takes very few buckets
    out[last] = 1;
    return;
  }
  const float scale = 1 / std::sqrt(squares);
  for (float& x : out) x *= scale;
}

}  // namespace pointsman
