#include "service/engine/token_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace pointsman {
namespace {

// A run of so many letters and digits without a space is no word: base64, hex, keys.
constexpr std::size_t kLongRun = 32;
constexpr double kLongRunExpected = 0.75;  // a byte
constexpr double kLongRunAtMost = 1;

enum class Kind : uint8_t { kOther, kSpace, kNewline, kPunctuation, kDigit, kLower, kUpper, kBeyond };

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
  return kinds;
}();

Kind KindAt(std::string_view text, std::size_t i) {
  return kKinds[static_cast<unsigned char>(text[i])];
}

bool IsAlphanumeric(Kind kind) {
  return kind == Kind::kLower || kind == Kind::kUpper || kind == Kind::kDigit;
}

// Of base64, plain and URL-safe, and of what joins the parts of keys.
bool IsOfRun(std::string_view text, std::size_t i) {
  const char c = text[i];
  return IsAlphanumeric(KindAt(text, i)) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

// What one character beyond ASCII counts.
struct Weight {
  uint32_t last;  // of the range that ends here
  double expected;
  double at_most;
};

// By the block that a code point lies in. Letters of Latin count beside their word, since an accent breaks
// it into more tokens. Scripts that tokenizers saw little of fall to bytes at worst.
constexpr std::array<Weight, 24> kWeights = {{
    {0x00bf, 1, 1.5},      // signs of Latin-1
    {0x024f, 0.5, 1.5},    // Latin with accents
    {0x02ff, 1, 2},        // phonetic letters
    {0x036f, 1, 2},        // combining marks
    {0x052f, 0.5, 1},      // Greek, Cyrillic
    {0x058f, 1, 2},        // Armenian
    {0x07bf, 0.75, 1.5},   // Hebrew, Arabic, Syriac, Thaana
    {0x08ff, 1, 2},        // other scripts of two bytes, Arabic's rare letters
    {0x0dff, 1, 2},        // Devanagari, Bengali, Tamil and the other scripts of India
    {0x0eff, 1, 2},        // Thai, Lao
    {0x10ff, 1.5, 3},      // Tibetan, Burmese, Georgian
    {0x11ff, 1, 2},        // Hangul's parts
    {0x1dff, 1.5, 3},      // Ethiopic, Khmer, Mongolian, Cherokee
    {0x1eff, 0.75, 2},     // Latin with two accents: Vietnamese
    {0x1fff, 1, 2},        // Greek with accents
    {0x206f, 1, 2},        // dashes, quotes
    {0x2bff, 1.5, 3},      // signs, arrows, older emoji
    {0x2e7f, 1.5, 3},
    {0x9fff, 1, 2},        // kana, CJK and its punctuation
    {0xabff, 1.5, 3},
    {0xd7ff, 1, 2},        // Hangul
    {0xffff, 1, 2},        // compatibility and full-width forms, variation selectors
    {0x1ffff, 2, 4},       // emoji, old scripts
    {0x10ffff, 2, 4},      // rare CJK, private use
}};

struct CodePoint {
  uint32_t value = 0;
  std::size_t bytes = 1;
};

// The one at `i`, which is beyond ASCII; a byte that begins none is one of Latin-1.
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

const Weight& WeightOf(uint32_t code_point) {
  const auto* found = std::lower_bound(
      kWeights.begin(), kWeights.end(), code_point,
      [](const Weight& weight, uint32_t value) { return weight.last < value; });
  return found == kWeights.end() ? kWeights.back() : *found;
}

class Counter {
 public:
  explicit Counter(std::string_view text) : text_(text) {}

  TokenEstimate Count() {
    while (at_ < text_.size()) {
      switch (KindAt(text_, at_)) {
        case Kind::kLower:
        case Kind::kUpper:
        case Kind::kDigit:
          Run();
          break;
        case Kind::kSpace:
          Spaces();
          break;
        case Kind::kPunctuation:
          Punctuation();
          break;
        case Kind::kBeyond:
          Beyond();
          break;
        case Kind::kNewline:
        case Kind::kOther:
          Add(1, 1);
          ++at_;
          break;
      }
    }
    const double expected = std::ceil(expected_);
    return {expected, std::max(expected, std::ceil(at_most_))};
  }

 private:
  void Add(double expected, double at_most) {
    expected_ += expected;
    at_most_ += at_most;
  }

  // Letters and digits without a space: words, or what is none.
  void Run() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && IsOfRun(text_, end)) ++end;
    if (end - at_ >= kLongRun) {
      const auto bytes = static_cast<double>(end - at_);
      Add(kLongRunExpected * bytes, kLongRunAtMost * bytes);
      at_ = end;
      return;
    }
    while (at_ < end && IsAlphanumeric(KindAt(text_, at_))) {
      if (KindAt(text_, at_) == Kind::kDigit) {
        Digits(end);
      } else {
        Word(end);
      }
    }
  }

  void Digits(std::size_t end) {
    const std::size_t begin = at_;
    while (at_ < end && KindAt(text_, at_) == Kind::kDigit) ++at_;
    const std::size_t digits = at_ - begin;
    Add(static_cast<double>((digits + 2) / 3), static_cast<double>(digits));
  }

  // Capitals first, then small letters: what comes after is another word.
  void Word(std::size_t end) {
    const std::size_t begin = at_;
    while (at_ < end && KindAt(text_, at_) == Kind::kUpper) ++at_;
    const std::size_t capitals = at_ - begin;
    while (at_ < end && KindAt(text_, at_) == Kind::kLower) ++at_;
    const auto letters = static_cast<double>(at_ - begin);
    // Text in capitals is rarer, so its words are cut into more.
    const bool is_capitals = capitals == at_ - begin && capitals > 1;
    Add(std::max(1.0, is_capitals ? letters / 2.5 : (letters + 2) / 5),
        std::max(1.0, is_capitals ? letters / 1.5 : (letters + 1) / 3));
  }

  // One belongs to the word after it.
  void Spaces() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && KindAt(text_, at_) == Kind::kSpace) ++at_;
    const std::size_t spaces = at_ - begin;
    if (spaces > 1) Add(1, static_cast<double>(spaces) / 2);
  }

  void Punctuation() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && KindAt(text_, at_) == Kind::kPunctuation) ++at_;
    const auto signs = static_cast<double>(at_ - begin);
    Add(1 + (signs - 1) / 2, signs);
  }

  void Beyond() {
    const CodePoint point = Decode(text_, at_);
    const Weight& weight = WeightOf(point.value);
    Add(weight.expected, weight.at_most);
    at_ += point.bytes;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  double expected_ = 0;
  double at_most_ = 0;
};

}  // namespace

TokenEstimate EstimateTokens(std::string_view text) { return Counter(text).Count(); }

}  // namespace pointsman
