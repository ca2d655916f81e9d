// Messages and errors as JSON, in one shape: field names of the contract; every number a number, checksums
// (which are no quantities) strings of their digits; enums by their names; times in ms since the Unix epoch.
// What a message leaves unset is left out; numbers that cannot be unset are there when they are 0.
// Threads: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace pointsman {

nlohmann::ordered_json ToJson(const google::protobuf::Message& message);

// Over several lines; text that is no UTF-8 is replaced.
std::string Dumped(const nlohmann::ordered_json& json);

// {"error": {"command", "code", "reason", "field", "message", "server", "what_to_do"}} on one line; what
// is not known is "".
std::string ErrorJson(std::string_view what, std::string_view server, const absl::Status& status);

}  // namespace pointsman
