#include "domain/draw.h"

#include <string>

#include "base/rng.h"

namespace pointsman {

uint64_t DrawBits(SipKey secret, PoolId pool, std::string_view decision_id, DrawPurpose purpose) {
  std::string bytes;
  bytes.reserve(decision_id.size() + 5);
  const auto id = static_cast<uint32_t>(pool);
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(id >> shift);
  bytes += static_cast<char>(purpose);
  bytes += decision_id;
  return SipHash(secret, bytes);
}

double DrawUniform(SipKey secret, PoolId pool, std::string_view decision_id, DrawPurpose purpose) {
  return ToUnit(DrawBits(secret, pool, decision_id, purpose));
}

}  // namespace pointsman
