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

// {"time":...,"level":...,"message":...} and a line feed; whatever is logged, the line is JSON as
// long as it is UTF-8.
std::unique_ptr<spdlog::formatter> JsonLines();

}  // namespace pointsman
