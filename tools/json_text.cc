#include "tools/json_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "base/strings.h"
#include "engine/request/requests.h"
#include "evaluation/data/json.h"
#include "tools/exit_code.h"

namespace pointsman::tools {
namespace {

using Json = nlohmann::ordered_json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsChecksum(const FieldDescriptor& field) {
  const std::string& name = field.name();
  return name.size() >= 8 && name.compare(name.size() - 8, 8, "checksum") == 0;
}

Json EnumJson(const FieldDescriptor& field, int number) {
  const auto* value = field.enum_type()->FindValueByNumber(number);
  return value == nullptr ? Json(number) : Json(value->name());
}

Json ValueJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ToJson(r.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return r.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return r.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return r.GetFloat(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return r.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumJson(field, r.GetEnumValue(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return r.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return r.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return r.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64: {
      const uint64_t value = r.GetUInt64(message, &field);
      return IsChecksum(field) ? Json(Cat(value)) : Json(value);
    }
  }
  return nullptr;
}

Json ListJson(const Message& message, const FieldDescriptor& field) {
  const Reflection& r = *message.GetReflection();
  Json list = Json::array();
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        list.push_back(ToJson(r.GetRepeatedMessage(message, &field, i)));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        list.push_back(r.GetRepeatedString(message, &field, i));
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        list.push_back(r.GetRepeatedFloat(message, &field, i));
        break;
      default:  // the contract has lists of no other type
        list.push_back(nullptr);
    }
  }
  return list;
}

}  // namespace

Json ToJson(const Message& message) {
  const auto& type = *message.GetDescriptor();
  Json json = Json::object();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      json[field.name()] = ListJson(message, field);
    } else if (!field.has_presence() || message.GetReflection()->HasField(message, &field)) {
      json[field.name()] = ValueJson(message, field);
    }
  }
  return json;
}

std::string Dumped(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ErrorJson(std::string_view what, std::string_view server, const absl::Status& status) {
  const Json json = {{"error",
                      {{"command", what},
                       {"code", absl::StatusCodeToString(status.code())},
                       {"reason", ReasonOf(status)},
                       {"field", FieldOf(status)},
                       {"message", std::string(ToStd(status.message()))},
                       {"server", server},
                       {"what_to_do", AdviceOf(status, server)}}}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pointsman::tools
