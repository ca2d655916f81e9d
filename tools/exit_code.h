// What a failure means to a script (the exit code) and to a person (what to do about it).
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pointsman::tools {

enum class ExitCode : int {
  kOk = 0,
  kInternal = 1,      // a bug, or anything without a better code
  kUsage = 2,         // bad arguments or a field that the server refuses
  kNotFound = 3,      // no such pool, arm, decision or file
  kUnavailable = 4,   // the server does not answer, or is too busy
  kPrecondition = 5,  // the current state forbids it: already exists, no arm passes, ...
  kSkipped = 6,       // the data lack what was asked for
  kDataLoss = 7,      // stored data are damaged, or differ from the log
  kForbidden = 8,     // no token, or one without this permission
};

ExitCode ExitCodeOf(const absl::Status& status);

// The exit codes as lines of `pointsman --help`.
std::string ExitCodeHelp();

// What to do about it, on one line; empty: no advice.
std::string AdviceOf(const absl::Status& status, std::string_view server);

// Three lines: what failed and the message, code and machine reason, what to do.
// `what`: "route", "pool create"; `server`: the address that was called, empty if none.
std::string ErrorText(std::string_view what, std::string_view server, const absl::Status& status);

}  // namespace pointsman::tools
