// Messages of the contract as the bodies of HTTP: JSON by protobuf's own mapping, or protobuf's bytes.
// Errors: kInvalidArgument that says what is wrong with the text, and where. A field that the contract does not
//   have is an error: it is most often a misspelt name.
// Threads: pure functions.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman::service {

enum class Codec : uint8_t { kJson, kProto };

// An empty text is an empty message.
absl::Status DecodeMessage(const std::string& text, Codec codec,
                           google::protobuf::Message& message);
absl::StatusOr<std::string> EncodeMessage(const google::protobuf::Message& message, Codec codec);

}  // namespace pointsman::service
