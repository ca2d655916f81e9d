// The texts of a file, one per line: the line itself or, in a .jsonl file, the string `text` or `query` of
// the object. Plain or .gz; empty lines are skipped.
// Errors: as evaluation/data/lines.h; kInvalidArgument with file and line for an object without a text.
// Threads: a pure function of files.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace pointsman::tools {

absl::Status ForEachText(const std::string& path,
                         const std::function<void(const std::string&)>& use);

}  // namespace pointsman::tools
