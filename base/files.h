// Files as a whole.
// Threads: any.
#pragma once

#include <optional>
#include <string>

namespace pointsman {

// All that is in it; nothing: it is not there, a folder, or not to be read.
std::optional<std::string> ReadText(const std::string& path);

}  // namespace pointsman
