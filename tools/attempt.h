// How the command line writes calls and the kinds of their errors.
// Errors: kInvalidArgument. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pointsman/v1/router.pb.h"

namespace pointsman {

// "timeout", "rate-limited", "RATE_LIMITED".
absl::StatusOr<v1::ErrorKind> ParseErrorKind(std::string_view text);

// "ARM[:ERROR_KIND[:LATENCY_MS[:COST_USD]]]"; each part may be empty. An arm's name may hold colons: what does
// not read as the parts behind it belongs to it.
absl::StatusOr<v1::Attempt> ParseAttempt(const std::string& text);

}  // namespace pointsman
