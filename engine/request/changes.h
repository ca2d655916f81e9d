// What changed between two versions of an arm's or a pool's settings, for people: audit lines, dry runs and
// `pointsman log`.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "domain/arm.h"

namespace pointsman::engine {

// One line per field: "usd_per_1m_input: 0.15 -> 0.3"; "unset" means no value. Empty: no changes.
std::vector<std::string> ChangesOf(const Arm& before, const Arm& after);
std::vector<std::string> ChangesOf(const PoolSettings& before, const PoolSettings& after);

// "active", "paused", "removed".
const char* StatusName(ArmStatus status);

// "a; b; c".
std::string JoinLines(const std::vector<std::string>& lines);

}  // namespace pointsman::engine
