// The one logger of the server, on stderr: text for people or one JSON object a line for machines.
// Threads: the logger from any.
#pragma once

#include <memory>

#include "service/config.h"

namespace spdlog {
class formatter;
class logger;
}  // namespace spdlog

namespace pointsman {

std::shared_ptr<spdlog::logger> MakeLogger(const ServerConfig& config);

// {"time":...,"level":...,"message":...} and a line feed: whatever is logged, the line is JSON. A message
// that is no UTF-8 is logged as OneLine (base/strings.h) writes it.
std::unique_ptr<spdlog::formatter> JsonLines();
// Time, level and message as OneLine writes it: whatever is logged, it is one line.
std::unique_ptr<spdlog::formatter> TextLines();

}  // namespace pointsman
