#include "retrieval/embed/folded_text.h"

#include <utf8proc.h>

namespace pointsman::retrieval {
namespace {

constexpr uint32_t kSpace = ' ';

bool IsSpace(uint32_t code) {
  if (code < 0x80) return code == kSpace || (code >= 0x09 && code <= 0x0d);
  if (code >= kBrokenByte) return false;
  if (code == 0x85) return true;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
}

}  // namespace

FoldedText FoldText(std::string_view text) {
  FoldedText characters;
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

}  // namespace pointsman::retrieval
