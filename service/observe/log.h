// The one logger of the server, on stderr: text for people or one JSON object a line for machines.
// Threads: the logger from any.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "service/app/config.h"

namespace spdlog {
class formatter;
class logger;
}  // namespace spdlog

namespace pointsman::service {

// The name of a logger whose messages already are JSON objects, which both formats show unchanged
// (service/observe/audit_log.h).
inline constexpr char kAuditLogger[] = "audit";

std::shared_ptr<spdlog::logger> MakeLogger(const ServerConfig& config);

// {"time":...,"level":...,"message":...} and a line feed. The line is JSON, whatever is logged. A message
// that is not UTF-8 is logged as OneLine (base/strings.h) writes it.
std::unique_ptr<spdlog::formatter> JsonLines();
// Time, level and message as OneLine writes it: whatever is logged, it is one line.
std::unique_ptr<spdlog::formatter> TextLines();

// `text`, escaped for use in a JSON string.
std::string JsonEscaped(std::string_view text);

}  // namespace pointsman::service
