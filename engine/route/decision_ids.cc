#include "engine/route/decision_ids.h"

#include <algorithm>

#include "domain/draw.h"

namespace pointsman::engine {
namespace {

constexpr int kCountBits = 20;
constexpr int kMakerShift = 48;

void AppendHex(uint64_t value, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 15];
}

std::optional<uint64_t> ParseHex(std::string_view text) {
  uint64_t value = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

}  // namespace

std::string DecisionIds::Next(PoolId pool, Micros now) {
  const uint64_t from_clock = static_cast<uint64_t>(std::max<Micros>(now, 0) / kMicrosPerMs)
                              << kCountBits;
  uint64_t last = last_head_.load(std::memory_order_relaxed);
  uint64_t head = 0;
  do {
    head = std::max(from_clock, last + 1);
  } while (!last_head_.compare_exchange_weak(last, head, std::memory_order_relaxed));
  std::string id;
  id.reserve(32);
  AppendHex(head, id);
  AppendHex(Tag(pool, head, maker_), id);
  return id;
}

std::optional<Micros> DecisionIds::GivenAt(PoolId pool, std::string_view id) const {
  if (id.size() != 32) return std::nullopt;
  const auto head = ParseHex(id.substr(0, 16));
  const auto tag = ParseHex(id.substr(16));
  if (!head || !tag) return std::nullopt;
  const auto maker = static_cast<uint16_t>(*tag >> kMakerShift);
  if (*tag != Tag(pool, *head, 0) && (maker == 0 || *tag != Tag(pool, *head, maker))) {
    return std::nullopt;
  }
  return static_cast<Micros>(*head >> kCountBits) * kMicrosPerMs;
}

uint16_t DecisionIds::MakerOf(std::string_view replica) {
  return static_cast<uint16_t>(1 + Checksum(replica) % UINT16_MAX);
}

uint64_t DecisionIds::Tag(PoolId pool, uint64_t head, uint16_t maker) const {
  std::string bytes;
  AppendHex(head, bytes);
  if (maker == 0) return DrawBits(secret_, pool, bytes, DrawPurpose::kDecisionId);
  AppendHex(maker, bytes);
  const uint64_t bits = DrawBits(secret_, pool, bytes, DrawPurpose::kDecisionId);
  return (uint64_t{maker} << kMakerShift) | (bits & ((uint64_t{1} << kMakerShift) - 1));
}

}  // namespace pointsman::engine
