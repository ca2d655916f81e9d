// What a reload of the config cannot change while a server runs.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "service/app/config.h"

namespace pointsman::service {

// The settings, apart from limits, that differ and need a restart to change.
std::vector<std::string> FixedSettings(const ServerConfig& present, const ServerConfig& wanted);
// OK if there are none; else kFailedPrecondition naming them.
absl::Status NotInForce(const std::vector<std::string>& settings);

}  // namespace pointsman::service
