// Whole files.
// Threads: any.
#pragma once

#include <optional>
#include <string>

namespace pointsman {

// The whole content. Nullopt: the file is missing, is a folder, or cannot be read.
std::optional<std::string> ReadText(const std::string& path);

}  // namespace pointsman
