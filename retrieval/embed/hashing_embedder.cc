#include "retrieval/embed/hashing_embedder.h"

#include <utf8proc.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "retrieval/embed/folded_text.h"

namespace pointsman::retrieval {
namespace {

constexpr std::size_t kGramLeast = 3;
constexpr std::size_t kGramMost = 5;
constexpr uint64_t kGramSeed = 0x243f6a8885a308d3ull;
constexpr uint64_t kWordSeed = 0x13198a2e03707344ull;
constexpr uint64_t kBigramSeed = 0xa4093822299f31d0ull;

// A character's role in words. Scripts without spaces give one word per character.
enum class CharKind : uint8_t { kOther, kWord, kWordAlone };

uint64_t Combine(uint64_t hash, uint64_t value) {
  return std::rotl((hash ^ value) * 0x9e3779b97f4a7c15ull, 29);
}

uint64_t Finish(uint64_t hash) {
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdull;
  hash ^= hash >> 33;
  return hash | 1;  // 0 marks an empty slot
}

CharKind KindOf(uint32_t code) {
  if (code < 0x80) {
    const bool is_alnum = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z');
    return is_alnum ? CharKind::kWord : CharKind::kOther;
  }
  if (code >= kBrokenByte) return CharKind::kOther;
  const bool is_cjk = (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff) ||
                      (code >= 0xf900 && code <= 0xfaff) || (code >= 0x20000 && code <= 0x3ffff);
  if (is_cjk) return CharKind::kWordAlone;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  const bool is_word = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
  return is_word ? CharKind::kWord : CharKind::kOther;
}

// Counts of hashed features, by open addressing; sized once for all that a text can hold.
class FeatureCounts {
 public:
  struct Slot {
    uint64_t key = 0;  // 0: empty
    uint32_t count = 0;
    float weight = 0;
  };

  explicit FeatureCounts(std::size_t features_max) : slots_(std::bit_ceil(2 * features_max)) {}

  void Add(uint64_t key, float weight) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (key >> 7) & mask;
    while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask;
    slots_[at].key = key;
    slots_[at].weight = weight;
    ++slots_[at].count;
  }
  const std::vector<Slot>& slots() const { return slots_; }

 private:
  std::vector<Slot> slots_;
};

void AddGrams(const FoldedText& characters, FeatureCounts& counts) {
  for (std::size_t i = 0; i + kGramLeast <= characters.size(); ++i) {
    uint64_t hash = kGramSeed;
    const std::size_t length_max = std::min(kGramMost, characters.size() - i);
    for (std::size_t length = 1; length <= length_max; ++length) {
      hash = Combine(hash, characters[i + length - 1]);
      if (length >= kGramLeast) counts.Add(Finish(hash), 0.5f);
    }
  }
}

void AddWords(const FoldedText& characters, FeatureCounts& counts) {
  uint64_t previous = 0, word = kWordSeed;
  const auto end_word = [&] {
    if (word == kWordSeed) return;
    counts.Add(Finish(word), 1.0f);
    if (previous != 0) counts.Add(Finish(Combine(Combine(kBigramSeed, previous), word)), 0.7f);
    previous = word;
    word = kWordSeed;
  };
  for (const uint32_t code : characters) {  // ends with a space, which ends the last word
    const CharKind kind = KindOf(code);
    if (kind != CharKind::kWord) end_word();
    if (kind != CharKind::kOther) word = Combine(word, code);
    if (kind == CharKind::kWordAlone) end_word();
  }
}

}  // namespace

HashingEmbedder::HashingEmbedder(uint32_t dimension) : dimension_(dimension) {
  POINTSMAN_CHECK(dimension >= 1 && dimension <= kDimensionMax);
}

void HashingEmbedder::Embed(std::string_view text, std::span<float> out) const {
  POINTSMAN_CHECK(out.size() == dimension_);
  std::fill(out.begin(), out.end(), 0.0f);
  const FoldedText characters = FoldText(text);
  if (characters.size() == 1) return;
  // Three grams a character, and at most one word and one bigram.
  FeatureCounts counts(5 * characters.size());
  AddGrams(characters, counts);
  AddWords(characters, counts);
  std::size_t last = 0;
  for (const FeatureCounts::Slot& slot : counts.slots()) {
    if (slot.key == 0) continue;
    const float term = slot.weight * (1 + std::log(static_cast<float>(slot.count)));
    last = static_cast<std::size_t>(((slot.key >> 32) * dimension_) >> 32);
    out[last] += (slot.key & 2) != 0 ? term : -term;
  }
  float squares = 0;
  for (const float x : out) squares += x * x;
  if (squares == 0) {  // the signs cancelled, which needs a very small D
    out[last] = 1;
    return;
  }
  const float scale = 1 / std::sqrt(squares);
  for (float& x : out) x *= scale;
}

}  // namespace pointsman::retrieval
