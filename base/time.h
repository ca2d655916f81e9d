// Points in time and durations, as numbers.
#pragma once

#include <cstdint>

namespace pointsman {

// Microseconds since the Unix epoch.
using Micros = int64_t;
constexpr Micros kMicrosPerMs = 1000;
constexpr Micros kMicrosPerSecond = 1000 * kMicrosPerMs;

}  // namespace pointsman
