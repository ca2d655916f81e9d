// The three parts of a utility.
// Source: utility as in docs/design/README.md, "Utility".
// Threads: pure function.
#pragma once

#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman::learners {

struct UtilityParts {
  double quality = 0;
  double cost = 0;
  double latency = 0;
  double utility() const { return quality - cost - latency; }
};

inline UtilityParts PartsOf(const PoolSettings& settings, const Preference& preference,
                            const ArmExpectation& expected) {
  return {preference.quality * expected.quality,
          preference.cost * expected.cost_usd / settings.cost_scale_usd,
          preference.latency * expected.latency_ms / settings.latency_scale_ms};
}

}  // namespace pointsman::learners
