#include "domain/names.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace pointsman {
namespace {

// Four times the longest name that limits allow. Longer text is no name, and sorting
// its marks could take long.
constexpr std::size_t kBytesMax = 4096;

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The number of edits of one character, swaps of neighbours included
// (Damerau 1964, optimal string alignment).
std::size_t Edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + differs});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string NormalName(std::string_view name) {
  if (name.size() > kBytesMax || IsAscii(name) || !IsUtf8(name)) return std::string(name);
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()),
                   static_cast<utf8proc_ssize_t>(name.size()), &mapped,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0) return std::string(name);
  std::string normal(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
  std::free(mapped);
  return normal;
}

bool IsSameName(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (IsAscii(a) && IsAscii(b)) return false;
  return NormalName(a) == NormalName(b);
}

bool HoldsInvisible(std::string_view name) {
  if (IsAscii(name)) return false;
  // Default-ignorable characters (Unicode, DerivedCoreProperties), but for the variation selectors that emoji have.
  constexpr std::pair<int32_t, int32_t> kInvisible[] = {
      {0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
      {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e},
      {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
      {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(name.data());
  auto left = static_cast<utf8proc_ssize_t>(name.size());
  while (left > 0) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t size = utf8proc_iterate(at, left, &character);
    if (size <= 0) return false;  // no UTF-8: refused elsewhere
    for (const auto& [first, last] : kInvisible) {
      if (character >= first && character <= last) return true;
    }
    at += size;
    left -= size;
  }
  return false;
}

std::string NearestName(std::string_view name, std::span<const std::string> names) {
  const std::string wanted = absl::AsciiStrToLower(ToAbsl(name));
  const std::string* best = nullptr;
  std::size_t least = 3;
  for (const std::string& candidate : names) {
    const std::size_t longer = std::max(candidate.size(), name.size());
    const std::size_t shorter = std::min(candidate.size(), name.size());
    if (candidate == name || longer - shorter >= least) continue;
    const std::size_t edits = Edits(wanted, absl::AsciiStrToLower(candidate));
    if (edits >= least || 3 * edits >= longer) continue;
    least = edits;
    best = &candidate;
  }
  return best == nullptr ? std::string() : *best;
}

}  // namespace pointsman
