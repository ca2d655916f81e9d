// The options of `pointsman arm add`, `set` and `put`: each sets one field of the request, and what is not given
// stays unset, so that the server leaves it as it is.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman {

// The request is filled by the parsing. `can_change`: --clear and --reset make sense too.
void AddArmOptions(CLI::App* command, const std::shared_ptr<v1::PutArmRequest>& request,
                   bool can_change);

// "ABOVE:INPUT:OUTPUT" or "ABOVE:INPUT:OUTPUT:CACHED", prices in USD per 1M tokens; an empty one stays the
// arm's. Errors: kInvalidArgument.
absl::StatusOr<v1::PriceTier> ParsePriceTier(const std::string& text);

}  // namespace pointsman
