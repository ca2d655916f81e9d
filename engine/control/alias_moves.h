// Aliases that move from one arm of a pool file to another.
// Cost: applies each edit once, and looks up each arm. Threads: pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/arm.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

using FindsArm = std::function<std::optional<Arm>(const std::string& name)>;

// An alias names one arm at a time. These edits must come before those of the pool file. Each makes an arm give
// up the aliases that the file gives to another arm. So the order of the file does not matter, and two arms can
// swap aliases.
std::vector<ArmEdit> GiveUps(const std::vector<ArmEdit>& edits, const FindsArm& find);

}  // namespace pointsman::engine
