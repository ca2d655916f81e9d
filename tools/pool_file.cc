#include "tools/pool_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::tools {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

template <class T>
std::optional<T> Number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Fields that a file cannot set: they belong to a call, or the server sets them itself.
bool IsHidden(const FieldDescriptor& field) {
  const std::string& name = field.name();
  return name == "create_only" || name == "prune" || name == "dry_run" ||
         name == "projection_rows" || name == "projection_is_fitted";
}

std::string FieldNames(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    if (IsHidden(*type.field(i))) continue;
    names += Cat(names.empty() ? "" : ", ", type.field(i)->name());
  }
  return names;
}

// Fills messages from YAML by the messages' own field names, so the file format always matches the contract.
class Filler {
 public:
  explicit Filler(std::string_view file) : file_(file) {}

  absl::Status Fill(const YAML::Node& node, Message& message) const {
    const Descriptor& type = *message.GetDescriptor();
    if (!node.IsMap()) {
      return Bad(
          node, Cat("expected a mapping of keys to values here; the keys are: ", FieldNames(type)));
    }
    std::set<std::string> seen;
    for (const auto& item : node) {
      if (!item.first.IsScalar()) return Bad(item.first, "a key must be a plain word");
      const std::string& key = item.first.Scalar();
      const FieldDescriptor* field = type.FindFieldByName(key);
      if (field == nullptr || IsHidden(*field)) {
        return Bad(item.first,
                   Cat("there is no key ", Quoted(key), " here; the keys are: ", FieldNames(type)));
      }
      if (!seen.insert(key).second) {
        return Bad(item.first, Cat("the key `", key, "` is given twice"));
      }
      RETURN_IF_ERROR(field->is_repeated() ? FillList(item.second, *field, message)
                                           : FillOne(item.second, *field, message));
    }
    return absl::OkStatus();
  }

  absl::Status Bad(const YAML::Node& node, std::string_view what) const {
    return BadAt(node.Mark().line, what);
  }
  absl::Status BadAt(int line, std::string_view what) const {
    return InvalidArgument(file_, ":", line + 1, ": ", what);
  }

 private:
  absl::Status FillList(const YAML::Node& node, const FieldDescriptor& field,
                        Message& message) const {
    if (!node.IsSequence()) return Bad(node, Cat("`", field.name(), "` must be a list"));
    // An unset list stays as it is, so an empty one would too.
    if (node.size() == 0 && message.GetDescriptor()->full_name() == "pointsman.v1.Arm") {
      return Bad(
          node,
          Cat("`", field.name(),
              "` is an empty list, which would change nothing; leave it out, or use `pointsman "
              "arm set ARM --clear ",
              field.name(), "`"));
    }
    for (const YAML::Node& item : node) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        RETURN_IF_ERROR(Fill(item, *message.GetReflection()->AddMessage(&message, &field)));
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && item.IsScalar()) {
        message.GetReflection()->AddString(&message, &field, item.Scalar());
      } else {
        return Bad(item, Cat("`", field.name(), "` must be a list of words"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status FillOne(const YAML::Node& node, const FieldDescriptor& field,
                       Message& message) const {
    const auto& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return Fill(node, *reflection.MutableMessage(&message, &field));
    }
    if (!node.IsScalar()) return Bad(node, Cat("`", field.name(), "` must be a single value"));
    const std::string& text = node.Scalar();
    const auto wrong = [&](std::string_view expected) {
      return Bad(node, Cat("`", field.name(), "` is ", Quoted(text), "; expected ", expected));
    };
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        reflection.SetString(&message, &field, text);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const auto value = Number<double>(text);
        if (!value || !std::isfinite(*value)) return wrong("a number");
        reflection.SetDouble(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        const auto value = Number<uint32_t>(text);
        if (!value) return wrong("a whole number, at least 0");
        reflection.SetUInt32(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        const auto value = Number<uint64_t>(text);
        if (!value) return wrong("a whole number, at least 0");
        reflection.SetUInt64(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const auto value = Number<int64_t>(text);
        if (!value) return wrong("a whole number");
        reflection.SetInt64(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        if (text != "true" && text != "false") return wrong("true or false");
        reflection.SetBool(&message, &field, text == "true");
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* value = field.enum_type()->FindValueByName(text);
        if (value == nullptr) return wrong(EnumNames(*field.enum_type()));
        reflection.SetEnum(&message, &field, value);
        return absl::OkStatus();
      }
      default:
        return Bad(node, Cat("`", field.name(), "` cannot be given in a file"));
    }
  }

  static std::string EnumNames(const EnumDescriptor& type) {
    std::string names = "one of";
    for (int i = 1; i < type.value_count(); ++i) names += Cat(" ", type.value(i)->name());
    return names;
  }

  const std::string_view file_;
};

absl::StatusOr<YAML::Node> Load(const std::string& yaml, const Filler& filler) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() == 1) return documents.front();
    return filler.BadAt(0, documents.empty()
                               ? "the file is empty; expected name, settings, arms"
                               : "the file has several YAML documents; write one pool per file");
  } catch (const YAML::Exception& error) {
    return filler.BadAt(error.mark.line, Cat("this is not YAML: ", error.msg));
  }
}

// Shortest digits that read back as the same number.
std::string Digits(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end.ptr};
}

void Emit(const Message& message, YAML::Emitter& yaml);

void EmitText(const std::string& text, YAML::Emitter& yaml) { yaml << YAML::DoubleQuoted << text; }

void EmitValue(const Message& message, const FieldDescriptor& field, YAML::Emitter& yaml) {
  const auto& r = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Emit(r.GetMessage(message, &field), yaml);
    case FieldDescriptor::CPPTYPE_STRING:
      return EmitText(r.GetString(message, &field), yaml);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      yaml << Digits(r.GetDouble(message, &field));
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      yaml << r.GetUInt32(message, &field);
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      yaml << r.GetUInt64(message, &field);
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      yaml << r.GetInt64(message, &field);
      return;
    case FieldDescriptor::CPPTYPE_BOOL:
      yaml << r.GetBool(message, &field);
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      yaml << r.GetEnum(message, &field)->name();
      return;
    default:
      yaml << YAML::Null;  // PoolFile.WritesWhatItReads tests every field
  }
}

void EmitList(const Message& message, const FieldDescriptor& field, YAML::Emitter& yaml) {
  const auto& r = *message.GetReflection();
  const bool is_words = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  if (is_words) yaml << YAML::Flow;
  yaml << YAML::BeginSeq;
  for (int i = 0; i < r.FieldSize(message, &field); ++i) {
    if (is_words) {
      EmitText(r.GetRepeatedString(message, &field, i), yaml);
    } else {
      Emit(r.GetRepeatedMessage(message, &field, i), yaml);
    }
  }
  yaml << YAML::EndSeq;
}

// Writes the fields that are set, by the messages' own field names, so the file format always matches the
// contract.
void Emit(const Message& message, YAML::Emitter& yaml) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  yaml << YAML::BeginMap;
  for (const FieldDescriptor* field : fields) {
    if (IsHidden(*field)) continue;
    yaml << YAML::Key << field->name() << YAML::Value;
    if (field->is_repeated()) {
      EmitList(message, *field, yaml);
    } else {
      EmitValue(message, *field, yaml);
    }
  }
  yaml << YAML::EndMap;
}

}  // namespace

absl::StatusOr<v1::PutPoolRequest> ParsePool(const std::string& yaml, std::string_view file) {
  const Filler filler(file);
  ASSIGN_OR_RETURN(const YAML::Node root, Load(yaml, filler));
  v1::PutPoolRequest request;
  RETURN_IF_ERROR(filler.Fill(root, request));
  if (request.name().empty()) return filler.Bad(root, "the pool needs a `name`");
  std::set<std::string> names;
  for (int i = 0; i < request.arms_size(); ++i) {
    const std::string& name = request.arms(i).name();
    const YAML::Node node = root["arms"][static_cast<std::size_t>(i)];
    if (name.empty()) return filler.Bad(node, "each arm needs a `name`");
    if (!names.insert(name).second) {
      return filler.Bad(node, Cat("there are two arms named ", Quoted(name)));
    }
  }
  return request;
}

std::string PoolYaml(const v1::Pool& pool, const std::vector<v1::Arm>& arms) {
  v1::PutPoolRequest request;
  request.set_name(pool.name());
  *request.mutable_settings() = pool.settings();
  for (const v1::Arm& arm : arms) {
    *request.add_arms() = arm;
    // Left out, so that applying the file again does not resume an arm that was paused in between.
    v1::Arm& last = *request.mutable_arms(request.arms_size() - 1);
    if (arm.status() == v1::ACTIVE) last.clear_status();
  }
  YAML::Emitter yaml;
  if (pool.settings().embedder().projection_is_fitted()) {
    yaml << YAML::Comment(
                "this pool's projection was fitted to prompts; to create a pool from this file, "
                "use `pool create --fit-projection`")
         << YAML::Newline;
  }
  Emit(request, yaml);
  return Cat(yaml.c_str(), "\n");
}

absl::StatusOr<v1::PutPoolRequest> ReadPoolFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("cannot read the pool file ", path, "; check the path");
  const std::string yaml{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return ParsePool(yaml, path);
}

}  // namespace pointsman::tools
