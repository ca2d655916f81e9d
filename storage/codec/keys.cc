#include "storage/codec/keys.h"

#include <cstdint>

#include "base/check.h"

namespace pointsman::storage {
namespace {

template <class T>
void AppendBigEndian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<unsigned char>(value >> shift));
  }
}

template <class T>
T ReadBigEndian(std::string_view bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

constexpr std::size_t kPoolBytes = sizeof(uint32_t);
constexpr std::size_t kSequenceBytes = sizeof(Sequence);
constexpr uint64_t kSignBit = uint64_t{1} << 63;  // flipped, so that negative times sort first

}  // namespace

std::string EncodePoolKey(PoolId pool) {
  std::string key;
  AppendBigEndian(key, Index(pool));
  return key;
}

std::optional<PoolId> DecodePoolKey(std::string_view key) {
  if (key.size() != kPoolBytes) return std::nullopt;
  return PoolId{ReadBigEndian<uint32_t>(key)};
}

std::string EncodePoolEnd(PoolId pool) {
  POINTSMAN_CHECK(Index(pool) != UINT32_MAX);
  return EncodePoolKey(PoolId{Index(pool) + 1});
}

std::string EncodeSequenceKey(PoolId pool, Sequence sequence) {
  std::string key = EncodePoolKey(pool);
  AppendBigEndian(key, sequence);
  return key;
}

std::optional<std::pair<PoolId, Sequence>> DecodeSequenceKey(std::string_view key) {
  if (key.size() != kPoolBytes + kSequenceBytes) return std::nullopt;
  return std::pair{PoolId{ReadBigEndian<uint32_t>(key)},
                   ReadBigEndian<Sequence>(key.substr(kPoolBytes))};
}

std::string EncodeDecisionKey(PoolId pool, std::string_view decision_id) {
  std::string key = EncodePoolKey(pool);
  key += decision_id;
  return key;
}

std::string EncodeTimeKey(PoolId pool, const DecisionPosition& position) {
  std::string key = EncodePoolKey(pool);
  AppendBigEndian(key, static_cast<uint64_t>(position.time) ^ kSignBit);
  key += position.decision_id;
  return key;
}

std::optional<DecisionPosition> DecodeTimeKey(PoolId pool, std::string_view key) {
  if (key.size() < kPoolBytes + sizeof(uint64_t) ||
      DecodePoolKey(key.substr(0, kPoolBytes)) != pool) {
    return std::nullopt;
  }
  const uint64_t time = ReadBigEndian<uint64_t>(key.substr(kPoolBytes)) ^ kSignBit;
  return DecisionPosition{static_cast<Micros>(time),
                          std::string(key.substr(kPoolBytes + sizeof(uint64_t)))};
}

std::string EncodeFeedbackKey(PoolId pool, std::string_view decision_id, ArmId arm) {
  std::string key = EncodePoolKey(pool);
  for (const char c : decision_id) {
    key += c;
    if (c == '\0') key += '\xff';
  }
  key.append(2, '\0');
  AppendBigEndian(key, Index(arm));
  return key;
}

}  // namespace pointsman::storage
