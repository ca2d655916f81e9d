#include "engine/request/query_text.h"

#include "base/strings.h"

namespace pointsman::engine {
namespace {

bool IsInsideCodePoint(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

}  // namespace

std::string HeadAndTail(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t head = bytes_max - bytes_max / 2;
  while (head > 0 && IsInsideCodePoint(text, head)) --head;
  std::size_t tail = text.size() - bytes_max / 2;
  while (IsInsideCodePoint(text, tail)) ++tail;
  if (head == 0 && tail == text.size()) {
    head = 1;
    while (IsInsideCodePoint(text, head)) ++head;
  }
  return Cat(text.substr(0, head), text.substr(tail));
}

}  // namespace pointsman::engine
