// The random numbers of a decision. Each is a function of the folder's secret and the decision's id alone, so
// a decision can be recomputed.
// Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/siphash.h"
#include "domain/types.h"

namespace pointsman {

// What a draw is for. It is part of the hash, so no two uses share a draw.
enum class DrawPurpose : uint8_t {
  kChooseArm = 1,
  kPanel = 2,
  kShortlist = 3,
  kDecisionId = 4,
  kGroup = 5
};

// The 64 bits of a decision's draw: SipHash(secret, pool, decision id, purpose). A caller who
// chooses its own decision id cannot choose its arm without the secret.
uint64_t DrawBits(SipKey secret, PoolId pool, std::string_view decision_id, DrawPurpose purpose);
// The same as a uniform number in [0, 1).
double DrawUniform(SipKey secret, PoolId pool, std::string_view decision_id, DrawPurpose purpose);

}  // namespace pointsman
