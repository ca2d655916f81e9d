// The order in which the arms of a pool file are put.
// Cost: of one edit an arm, and a look-up an alias. Threads: pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "domain/arm.h"
#include "engine/request/requests.h"

namespace pointsman {

using FindsArm = std::function<std::optional<Arm>(const std::string& name)>;

// The file's order, but an arm that takes an alias over comes after the one that gives it up. In a ring nobody can
// begin: its arms stay in the file's order, and are refused.
std::vector<ArmEdit> InAliasOrder(std::vector<ArmEdit> edits, const FindsArm& find);

}  // namespace pointsman
