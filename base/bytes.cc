#include "base/bytes.h"

#include <bit>

namespace pointsman {

static_assert(std::endian::native == std::endian::little, "stored records are little-endian");

bool ByteReader::Take(std::size_t count) {
  if (!is_ok_ || count > bytes_.size() - at_) {
    is_ok_ = false;
    return false;
  }
  at_ += count;
  return true;
}

bool ByteReader::GetBool() {
  const auto value = Get<uint8_t>();
  if (value > 1) is_ok_ = false;
  return value == 1;
}

std::string ByteReader::GetString() {
  const auto size = Get<uint64_t>();
  if (!is_ok_ || size > bytes_.size() - at_) {
    is_ok_ = false;
    return {};
  }
  std::string text(bytes_.substr(at_, size));
  at_ += size;
  return text;
}

uint64_t ByteReader::GetCount(std::size_t bytes_each) {
  const auto count = Get<uint64_t>();
  if (!is_ok_ || (bytes_each > 0 && count > (bytes_.size() - at_) / bytes_each)) {
    is_ok_ = false;
    return 0;
  }
  return count;
}

}  // namespace pointsman
