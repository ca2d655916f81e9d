// Parses calls and error kinds as the command line writes them.
// Errors: kInvalidArgument. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman::tools {

// "timeout", "rate-limited", "RATE_LIMITED".
absl::StatusOr<v1::ErrorKind> ParseErrorKind(std::string_view text);

// "ARM[:ERROR_KIND[:LATENCY_MS[:COST_USD]]]"; each part may be empty. An arm's name may contain colons: text
// that does not parse as the later parts belongs to the name.
absl::StatusOr<v1::Attempt> ParseAttempt(const std::string& text);

}  // namespace pointsman::tools
