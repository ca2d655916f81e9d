#include "engine/request/token_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace pointsman::engine {
namespace {

// Counts are in fractions of a token, so that they are whole numbers.
constexpr uint64_t kParts = 60;

// A run of this many letters and digits without a space is not a word, but base64, hex or a key. Each of its
// bytes counts:
constexpr std::size_t kLongRun = 32;
constexpr uint64_t kLongRunExpected = 45;
constexpr uint64_t kLongRunAtMost = 60;

// kJoin: the non-alphanumeric characters of base64, plain and URL-safe, and those that join the parts of
//   keys.
enum class Kind : uint8_t {
  kOther,
  kSpace,
  kNewline,
  kPunctuation,
  kJoin,
  kDigit,
  kLower,
  kUpper,
  kBeyond
};

constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (std::size_t c = 0; c < 256; ++c) {
    kinds[c] = c >= 0x80                ? Kind::kBeyond
               : c >= 'a' && c <= 'z'   ? Kind::kLower
               : c >= 'A' && c <= 'Z'   ? Kind::kUpper
               : c >= '0' && c <= '9'   ? Kind::kDigit
               : c == ' ' || c == '\t'  ? Kind::kSpace
               : c == '\n' || c == '\r' ? Kind::kNewline
               : c > ' ' && c < 0x7f    ? Kind::kPunctuation
                                        : Kind::kOther;
  }
  for (const char c : {'+', '/', '=', '-', '_'}) kinds[static_cast<unsigned char>(c)] = Kind::kJoin;
  return kinds;
}();

// The weight of one non-ASCII character.
struct Weight {
  uint32_t last;  // last code point of the range
  uint32_t expected;
  uint32_t at_most;
};

// By the block of a code point, in fractions of a token. Accented Latin letters count in addition to their
// word, because an accent breaks the word into more tokens. Rare scripts are at worst split into bytes.
constexpr std::array<Weight, 24> kWeights = {{
    {0x00bf, 60, 90},   // signs of Latin-1
    {0x024f, 30, 90},   // Latin with accents
    {0x02ff, 60, 120},  // phonetic letters
    {0x036f, 60, 120},  // combining marks
    {0x052f, 30, 60},   // Greek, Cyrillic
    {0x058f, 60, 120},  // Armenian
    {0x07bf, 45, 90},   // Hebrew, Arabic, Syriac, Thaana
    {0x08ff, 60, 120},  // other scripts of two bytes, Arabic's rare letters
    {0x0dff, 60, 120},  // Devanagari, Bengali, Tamil and the other scripts of India
    {0x0eff, 60, 120},  // Thai, Lao
    {0x10ff, 90, 180},  // Tibetan, Burmese, Georgian
    {0x11ff, 60, 120},  // Hangul's parts
    {0x1dff, 90, 180},  // Ethiopic, Khmer, Mongolian, Cherokee
    {0x1eff, 45, 120},  // Latin with two accents: Vietnamese
    {0x1fff, 60, 120},  // Greek with accents
    {0x206f, 60, 120},  // dashes, quotes
    {0x2bff, 90, 180},  // signs, arrows, older emoji
    {0x2e7f, 90, 180},    {0x9fff, 60, 120},  // kana, CJK and its punctuation
    {0xabff, 90, 180},    {0xd7ff, 60, 120},  // Hangul
    {0xffff, 60, 120},     // compatibility and full-width forms, variation selectors
    {0x1ffff, 120, 240},   // emoji, old scripts
    {0x10ffff, 120, 240},  // rare CJK, private use
}};

struct CodePoint {
  uint32_t value = 0;
  std::size_t bytes = 1;
};

// The code point at `i`, which is not ASCII. A byte that starts no code point is taken as Latin-1.
CodePoint Decode(std::string_view text, std::size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (bytes == 1 || i + bytes > text.size()) return {0x80, 1};
  uint32_t value = first & (0x7fu >> bytes);
  for (std::size_t k = 1; k < bytes; ++k) {
    const auto next = static_cast<unsigned char>(text[i + k]);
    if ((next & 0xc0) != 0x80) return {0x80, 1};
    value = value << 6 | (next & 0x3f);
  }
  return {value, bytes};
}

Weight WeightOf(uint32_t code_point) {
  constexpr Weight kCjk{0x9fff, 60, 120};
  if (code_point > 0x2e7f && code_point <= kCjk.last) return kCjk;
  return *std::lower_bound(
      kWeights.begin(), kWeights.end() - 1, code_point,
      [](const Weight& weight, uint32_t value) { return weight.last < value; });
}

class Counter {
 public:
  explicit Counter(std::string_view text) : text_(text) {}

  TokenEstimate Count() {
    while (at_ < text_.size()) {
      const Kind kind = KindAt(at_);
      if (kind == Kind::kLower || kind == Kind::kUpper) {
        BeginRun();
        Word();
      } else if (kind == Kind::kDigit) {
        BeginRun();
        Digits();
      } else if (kind == Kind::kJoin) {  // the run continues
        Signs(Kind::kJoin);
      } else {
        EndRun();
        NoRun(kind);
      }
    }
    EndRun();
    const double least = text_.empty() ? 0 : 1;
    const double expected = std::max(least, std::ceil(static_cast<double>(expected_) / kParts));
    return {expected, std::max(expected, std::ceil(static_cast<double>(at_most_) / kParts))};
  }

 private:
  Kind KindAt(std::size_t i) const { return kKinds[static_cast<unsigned char>(text_[i])]; }

  void Add(uint64_t expected, uint64_t at_most) {
    expected_ += expected;
    at_most_ += at_most;
  }

  // Steps over the characters of this kind from here on, and returns their number.
  uint64_t Skip(Kind kind) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && KindAt(at_) == kind) ++at_;
    return at_ - begin;
  }

  void BeginRun() {
    if (is_in_run_) return;
    is_in_run_ = true;
    run_begin_ = at_;
    expected_before_ = expected_;
    at_most_before_ = at_most_;
  }

  // Counts a run of letters, digits and joining characters: words, or a key.
  void EndRun() {
    if (is_in_run_ && at_ - run_begin_ >= kLongRun) {
      const uint64_t bytes = at_ - run_begin_;
      expected_ = expected_before_ + kLongRunExpected * bytes;
      at_most_ = at_most_before_ + kLongRunAtMost * bytes;
    }
    is_in_run_ = false;
  }

  // Capitals, then small letters; the next capital starts another word.
  void Word() {
    const uint64_t capitals = Skip(Kind::kUpper);
    const uint64_t small = Skip(Kind::kLower);
    const uint64_t letters = capitals + small;
    if (small == 0 && capitals > 1) {  // such words are rarer, so they become more tokens
      Add(std::max(kParts, 24 * letters), std::max(kParts, 40 * letters));
    } else {
      Add(std::max(kParts, 12 * (letters + 2)), std::max(kParts, 20 * (letters + 1)));
    }
  }

  void Digits() {
    const uint64_t digits = Skip(Kind::kDigit);
    Add((digits + 2) / 3 * kParts, digits * kParts);
  }

  void Signs(Kind kind) {
    const uint64_t signs = Skip(kind);
    Add(kParts / 2 * (signs + 1), kParts * signs);
  }

  void NoRun(Kind kind) {
    if (kind == Kind::kSpace) {
      const uint64_t spaces = Skip(kind);  // one space belongs to the word after it
      if (spaces > 1) Add(kParts, kParts / 2 * spaces);
    } else if (kind == Kind::kPunctuation) {
      Signs(kind);
    } else if (kind == Kind::kBeyond) {
      const CodePoint point = Decode(text_, at_);
      const Weight weight = WeightOf(point.value);
      Add(weight.expected, weight.at_most);
      at_ += point.bytes;
    } else {
      Add(kParts, kParts);
      ++at_;
    }
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  uint64_t expected_ = 0, at_most_ = 0;
  bool is_in_run_ = false;
  std::size_t run_begin_ = 0;
  uint64_t expected_before_ = 0, at_most_before_ = 0;
};

}  // namespace

TokenEstimate EstimateTokens(std::string_view text) { return Counter(text).Count(); }

}  // namespace pointsman::engine
