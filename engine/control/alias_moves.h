// Aliases that move from one arm of a pool file to another.
// Cost: of one edit an arm, and a look-up of each. Threads: pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/arm.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

using FindsArm = std::function<std::optional<Arm>(const std::string& name)>;

// An alias names one arm at a time. These edits come before those of the file: each makes an arm give up the aliases
// that the file takes from it and gives to another arm. So the file's order does not matter, and two arms can swap.
std::vector<ArmEdit> GiveUps(const std::vector<ArmEdit>& edits, const FindsArm& find);

}  // namespace pointsman::engine
