#include "service/http/connect_codec.h"

#include <google/protobuf/util/json_util.h>

#include "base/strings.h"

namespace pointsman::service {
namespace {

namespace json = google::protobuf::util;

constexpr std::size_t kReasonBytesMax = 300;

}  // namespace

absl::Status DecodeMessage(const std::string& text, Codec codec,
                           google::protobuf::Message& message) {
  if (text.empty()) return absl::OkStatus();
  if (codec == Codec::kProto) {
    return message.ParseFromString(text)
               ? absl::OkStatus()
               : InvalidArgument("the body is not a ", message.GetTypeName(),
                                 " in protobuf's bytes");
  }
  const auto parsed = json::JsonStringToMessage(text, &message);
  if (parsed.ok()) return absl::OkStatus();
  return InvalidArgument("the body is not a ", message.GetTypeName(),
                         " in JSON: ", OneLine(std::string(parsed.message()), kReasonBytesMax));
}

absl::StatusOr<std::string> EncodeMessage(const google::protobuf::Message& message, Codec codec) {
  if (codec == Codec::kProto) return message.SerializeAsString();
  std::string text;
  if (const auto status = json::MessageToJsonString(message, &text); !status.ok()) {
    return absl::InternalError(
        Cat("the answer cannot be written as JSON: ", std::string(status.message())));
  }
  return text;
}

}  // namespace pointsman::service
