#include "retrieval/character_sketch.h"

#include <utf8proc.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "absl/container/inlined_vector.h"

namespace pointsman {
namespace {

constexpr std::size_t kGramLeast = 3;
constexpr std::size_t kGramMost = 5;
constexpr uint32_t kSpace = ' ';
constexpr uint32_t kBrokenByte = 0x110000;  // + the byte: above every code point
constexpr uint64_t kGramSeed = 0xc0ac29b7c97c50ddull;

using Characters = absl::InlinedVector<uint32_t, 520>;

bool IsSpace(uint32_t code) {
  if (code < 0x80) return code == kSpace || (code >= 0x09 && code <= 0x0d);
  if (code >= kBrokenByte) return false;
  if (code == 0x85) return true;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
}

// With a space at both ends; just one space for a text that says nothing.
Characters Fold(std::string_view text) {
  Characters characters;
  characters.reserve(text.size() + 2);
  characters.push_back(kSpace);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    uint32_t code = bytes[i];
    if (code < 0x80) {
      if (code >= 'A' && code <= 'Z') code += 'a' - 'A';
      ++i;
    } else {
      utf8proc_int32_t decoded = 0;
      const utf8proc_ssize_t length =
          utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &decoded);
      code = length > 0 ? static_cast<uint32_t>(utf8proc_tolower(decoded)) : kBrokenByte + code;
      i += length > 0 ? static_cast<std::size_t>(length) : 1;
    }
    if (!IsSpace(code)) {
      characters.push_back(code);
    } else if (characters.back() != kSpace) {
      characters.push_back(kSpace);
    }
  }
  if (characters.back() != kSpace) characters.push_back(kSpace);
  return characters;
}

}  // namespace

void SketchCharacters(std::string_view text, std::span<float> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  const Characters characters = Fold(text);
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
