#include "base/strings.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"

namespace pointsman {
namespace {

struct CodePoint {
  uint32_t value = 0;
  std::size_t bytes = 1;
  bool is_well_formed = false;  // false: it is one byte that starts no code point
};

// The first code point of a text that is not empty.
CodePoint First(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  std::size_t length = 0;
  uint32_t minimum = 0;
  uint32_t value = 0;
  if ((lead & 0xe0) == 0xc0) {
    length = 2, minimum = 0x80, value = lead & 0x1f;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3, minimum = 0x800, value = lead & 0x0f;
  } else if ((lead & 0xf8) == 0xf0) {
    length = 4, minimum = 0x10000, value = lead & 0x07;
  }
  if (length == 0 || length > text.size()) return {};
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(k) & 0x3fu);
  }
  if (value < minimum || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, length, true};
}

// As HoldsControls says.
bool IsControl(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

void AppendHex(char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

std::string Quoted(std::string_view text, std::size_t bytes_max) {
  std::string out = "\"";
  const std::string_view shown = text.substr(0, bytes_max);
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      AppendHex(c, out);
    } else {
      out += c;
    }
  }
  out += shown.size() < text.size() ? "\"..." : "\"";
  return out;
}

std::string OneLine(std::string_view text, std::size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = First(text);
    if (out.size() + 4 * point.bytes > bytes_max) return out + "...";
    for (const char c : text.substr(0, point.bytes)) {
      if (point.is_well_formed && !IsControl(point.value)) {
        out += c;
      } else {
        AppendHex(c, out);
      }
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

bool HoldsControls(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = First(text);
    if (point.is_well_formed && IsControl(point.value)) return true;
    text.remove_prefix(point.bytes);
  }
  return false;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = First(text);
    if (!point.is_well_formed) return false;
    text.remove_prefix(point.bytes);
  }
  return true;
}

bool ContainsIgnoringCase(std::string_view text, std::string_view part) {
  const auto found =
      std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
        return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
               absl::ascii_tolower(static_cast<unsigned char>(b));
      });
  return part.empty() || found != text.end();
}

}  // namespace pointsman
