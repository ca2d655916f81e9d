// The options of `pointsman arm add`, `set` and `put`. Each sets one field of the request. Fields that are
// not given stay unset, so the server does not change them.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::tools {

// Parsing fills the request. `can_change`: adds --clear and --reset.
void AddArmOptions(CLI::App* command, const std::shared_ptr<v1::PutArmRequest>& request,
                   bool can_change);

// "ABOVE:INPUT:OUTPUT" or "ABOVE:INPUT:OUTPUT:CACHED", prices in USD per 1M tokens; an empty price means the
// arm's own. Errors: kInvalidArgument.
absl::StatusOr<v1::PriceTier> ParsePriceTier(const std::string& text);

}  // namespace pointsman::tools
