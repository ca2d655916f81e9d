// Messages and errors as JSON, in one shape: field names of the contract; numbers as numbers, except
// checksums, which are strings of digits; enums by name; times in ms since the Unix epoch. Unset fields are
// left out. Numbers that cannot be unset appear even when they are 0.
// Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace pointsman::tools {

nlohmann::ordered_json ToJson(const google::protobuf::Message& message);

// Over several lines; text that is not UTF-8 is replaced.
std::string Dumped(const nlohmann::ordered_json& json);

// {"error": {"command", "code", "reason", "field", "message", "server", "what_to_do"}} on one line; unknown
// values are "".
std::string ErrorJson(std::string_view what, std::string_view server, const absl::Status& status);

}  // namespace pointsman::tools
