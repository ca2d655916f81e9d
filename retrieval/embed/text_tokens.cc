#include "retrieval/embed/text_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <bit>

namespace pointsman::retrieval {
namespace {

constexpr uint64_t kWordSeed = 0x452821e638d01377ull;
constexpr uint64_t kDigitsSeed = 0xbe5466cf34e90c6cull;
constexpr std::size_t kDigitsMost = 5;

enum class Kind : uint8_t { kOther, kLetter, kDigit, kAlone };

// ASCII at a glance: the kind of each byte.
constexpr std::array<Kind, 128> kAsciiKinds = [] {
  std::array<Kind, 128> kinds{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) kinds[c] = kinds[c - 'a' + 'A'] = Kind::kLetter;
  for (std::size_t c = '0'; c <= '9'; ++c) kinds[c] = Kind::kDigit;
  return kinds;
}();

uint64_t Finish(uint64_t hash) {
  hash ^= hash >> 32;
  hash *= 0xff51afd7ed558ccdull;
  hash ^= hash >> 29;
  return hash;
}

// Scripts without spaces, where one character has a meaning.
bool IsAlone(uint32_t code) {
  return (code >= 0x3041 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff) ||
         (code >= 0xf900 && code <= 0xfaff) || (code >= 0x20000 && code <= 0x3ffff);
}

Kind KindOf(uint32_t code) {
  if (code < 0x80) return kAsciiKinds[code];
  if (IsAlone(code)) return Kind::kAlone;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  if (category == UTF8PROC_CATEGORY_ND) return Kind::kDigit;
  const bool is_word = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
  return is_word ? Kind::kLetter : Kind::kOther;
}

bool IsLatinAccent(uint32_t code) { return code >= 0x300 && code <= 0x36f; }

// Builds tokens from characters.
class Builder {
 public:
  explicit Builder(std::vector<uint64_t>& tokens) : tokens_(tokens) {}

  void Add(uint32_t code, Kind kind) {
    if (kind == Kind::kOther) return End();
    if (kind == Kind::kAlone) End();
    hash_ = std::rotl((hash_ ^ code) * 0x9e3779b97f4a7c15ull, 29);
    ++length_;
    digits_ += kind == Kind::kDigit ? 1 : 0;
    if (kind == Kind::kAlone) End();
  }
  void End() {
    if (length_ == 0) return;
    if (digits_ == length_) {
      tokens_.push_back(Finish(kDigitsSeed + std::min(digits_, kDigitsMost)));
    } else if (length_ <= kTokenCharactersMax) {
      tokens_.push_back(Finish(hash_));
    }
    hash_ = kWordSeed;
    length_ = digits_ = 0;
  }

 private:
  std::vector<uint64_t>& tokens_;
  uint64_t hash_ = kWordSeed;
  std::size_t length_ = 0;  // characters of the open token
  std::size_t digits_ = 0;  // of them, digits
};

// One character beyond ASCII, as its folded parts.
void AddWide(uint32_t code, Builder& builder) {
  const bool is_whole = (code >= 0x3000 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7a3);
  if (is_whole) return builder.Add(code, KindOf(code));
  std::array<utf8proc_int32_t, 24> parts;
  int last_class = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(code), parts.data(), parts.size(),
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD),
      &last_class);
  if (count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) return builder.End();
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    const auto part = static_cast<uint32_t>(parts[static_cast<std::size_t>(i)]);
    if (!IsLatinAccent(part)) builder.Add(part, KindOf(part));
  }
}

}  // namespace

void Tokenize(std::string_view text, std::vector<uint64_t>& tokens) {
  tokens.clear();
  Builder builder(tokens);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    const uint32_t byte = bytes[i];
    if (byte < 0x80) {
      const bool is_upper = byte >= 'A' && byte <= 'Z';
      builder.Add(byte | (is_upper ? 0x20u : 0u), kAsciiKinds[byte]);
      ++i;
      continue;
    }
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &code);
    if (length > 0) {
      AddWide(static_cast<uint32_t>(code), builder);
      i += static_cast<std::size_t>(length);
    } else {
      builder.End();
      ++i;
    }
  }
  builder.End();
}

}  // namespace pointsman::retrieval
