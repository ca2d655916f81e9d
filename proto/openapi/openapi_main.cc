// Writes the OpenAPI description of the API from the descriptors of the protos, with their comments, as C++ source
// that the server contains. Run by the build.
// usage: openapi_generator DESCRIPTOR_SET VERSION OUT.json OUT.cc
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using Json = nlohmann::ordered_json;

// The comment above something and the one behind it, as one paragraph.
template <class Described>
std::string CommentOf(const Described& described) {
  google::protobuf::SourceLocation at;
  if (!described.GetSourceLocation(&at)) return "";
  std::istringstream words(at.leading_comments + " " + at.trailing_comments);
  std::string text, word;
  while (words >> word) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Descriptions of the schemas that the methods use, found from their messages.
class Schemas {
 public:
  Json Reference(const Descriptor& message) {
    Add(message);
    return {{"$ref", "#/components/schemas/" + Name(message)}};
  }
  const Json& all() const { return all_; }

 private:
  template <class Type>
  static std::string Name(const Type& type) {
    std::string name = type.full_name().substr(type.file()->package().size() + 1);
    for (char& c : name) {
      if (c == '.') c = '_';
    }
    return name;
  }

  void Add(const Descriptor& message) {
    if (!known_.insert(Name(message)).second) return;
    Json properties = Json::object();
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      properties[field.json_name()] = SchemaOf(field);
    }
    Json schema = {{"type", "object"}, {"properties", properties}};
    if (const std::string comment = CommentOf(message); !comment.empty()) {
      schema["description"] = comment;
    }
    all_[Name(message)] = schema;
  }

  void Add(const EnumDescriptor& type) {
    if (!known_.insert(Name(type)).second) return;
    Json values = Json::array();
    std::string text = CommentOf(type);
    for (int i = 0; i < type.value_count(); ++i) {
      values.push_back(type.value(i)->name());
      const std::string comment = CommentOf(*type.value(i));
      if (!comment.empty()) text += "\n\n" + type.value(i)->name() + ": " + comment;
    }
    all_[Name(type)] = {{"type", "string"}, {"enum", values}, {"description", text}};
  }

  Json SchemaOf(const FieldDescriptor& field) {
    Json schema;
    if (field.is_map()) {
      schema = {{"type", "object"},
                {"additionalProperties", ItemOf(*field.message_type()->map_value())}};
    } else if (field.is_repeated()) {
      schema = {{"type", "array"}, {"items", ItemOf(field)}};
    } else {
      schema = ItemOf(field);
    }
    const std::string comment = CommentOf(field);
    if (comment.empty()) return schema;
    // Beside a reference, OpenAPI 3.0 ignores everything.
    if (schema.contains("$ref")) schema = {{"allOf", Json::array({schema})}};
    schema["description"] = comment;
    return schema;
  }

  Json ItemOf(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Reference(*field.message_type());
      case FieldDescriptor::CPPTYPE_ENUM:
        Add(*field.enum_type());
        return {{"$ref", "#/components/schemas/" + Name(*field.enum_type())}};
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case FieldDescriptor::CPPTYPE_FLOAT:
        return {{"type", "number"}, {"format", "float"}};
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return {{"type", "number"}, {"format", "double"}};
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_UINT32:
        return {{"type", "integer"}};
      // Protobuf writes 64-bit numbers as strings, and reads both.
      case FieldDescriptor::CPPTYPE_INT64:
        return {{"type", "string"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "string"}, {"format", "uint64"}};
      case FieldDescriptor::CPPTYPE_STRING:
        break;
    }
    return field.type() == FieldDescriptor::TYPE_BYTES
               ? Json{{"type", "string"}, {"format", "byte"}}
               : Json{{"type", "string"}};
  }

  std::set<std::string> known_;
  Json all_ = Json::object();
};

Json Body(const Json& schema) { return {{"application/json", {{"schema", schema}}}}; }

Json Failures() {
  return {{"description", "The error: `code` and the HTTP status follow the Connect protocol."},
          {"content", Body({{"$ref", "#/components/schemas/Error"}})}};
}

Json Operation(const std::string& id, const std::string& tag, const std::string& description,
               const Json& request, const Json& response) {
  return {{"operationId", id},
          {"tags", Json::array({tag})},
          {"description", description},
          {"requestBody", {{"required", true}, {"content", Body(request)}}},
          {"responses",
           {{"200", {{"description", "The answer."}, {"content", Body(response)}}},
            {"default", Failures()}}}};
}

Json Page(const std::string& id, const std::string& description, const std::string& type) {
  return {{"get",
           {{"operationId", id},
            {"tags", Json::array({"Pages"})},
            {"description", description},
            {"responses",
             {{"200",
               {{"description", "The page."},
                {"content", {{type, {{"schema", {{"type", "string"}}}}}}}}},
              {"default", {{"description", "Why it is not there, as text."}}}}}}}};
}

Json ErrorSchema() {
  return {{"type", "object"},
          {"required", Json::array({"code"})},
          {"properties",
           {{"code", {{"type", "string"}, {"description", "invalid_argument, not_found, ..."}}},
            {"message", {{"type", "string"}}},
            {"details",
             {{"type", "array"},
              {"items",
               {{"type", "object"},
                {"properties",
                 {{"type", {{"type", "string"}, {"description", "google.rpc.ErrorInfo, ..."}}},
                  {"value", {{"type", "string"}, {"description", "its bytes, in base64"}}},
                  {"debug", {{"type", "object"}, {"description", "its fields"}}}}}}}}}}}};
}

// What the OpenAI shape takes and answers; its request is OpenAI's, and is not described again.
Json ChatOperation() {
  const Json text = {{"type", "string"}}, number = {{"type", "number"}};
  const Json texts = {{"type", "array"}, {"items", text}};
  const Json request = {
      {"type", "object"},
      {"required", Json::array({"messages"})},
      {"properties",
       {{"model", {{"type", "string"}, {"description", "auto, or pointsman/POOL"}}},
        {"messages", {{"type", "array"}, {"items", {{"type", "object"}}}}},
        {"tools", {{"type", "array"}, {"items", {{"type", "object"}}}}},
        {"max_tokens", {{"type", "integer"}}},
        {"max_completion_tokens", {{"type", "integer"}}}}}};
  const Json response = {{"type", "object"},
                         {"properties",
                          {{"object", text},
                           {"model", {{"type", "string"}, {"description", "call this one"}}},
                           {"decision_id", text},
                           {"propensity", number},
                           {"inclusion", number},
                           {"logged", {{"type", "boolean"}}},
                           {"fallbacks", texts},
                           {"candidates", {{"type", "array"}, {"items", {{"type", "object"}}}}},
                           {"notes", texts}}}};
  Json operation = Operation("chatCompletionsDecision", "OpenAI",
                             "Chooses a model for an unchanged OpenAI request. Nothing is relayed: "
                             "send the request to the "
                             "model of the answer yourself, and report how it went.",
                             request, response);
  operation["parameters"] = Json::array();
  for (const auto& [name, meaning] :
       {std::pair("X-Pointsman-Preference", "QUALITY,COST,LATENCY; without it, the pool's"),
        std::pair("X-Pointsman-Turns", "how many of the last user turns are the query; 1")}) {
    operation["parameters"].push_back(
        {{"name", name}, {"in", "header"}, {"description", meaning}, {"schema", text}});
  }
  return operation;
}

Json Describe(const DescriptorPool& pool, const std::string& version) {
  Schemas schemas;
  Json paths = Json::object();
  for (const char* name :
       {"pointsman/v1/router.proto", "pointsman/v1/admin.proto", "pointsman/v1/insight.proto"}) {
    const FileDescriptor& file = *pool.FindFileByName(name);
    for (int s = 0; s < file.service_count(); ++s) {
      for (int m = 0; m < file.service(s)->method_count(); ++m) {
        const MethodDescriptor& method = *file.service(s)->method(m);
        if (method.client_streaming() || method.server_streaming()) continue;
        const std::string path = "/" + file.service(s)->full_name() + "/" + method.name();
        paths[path]["post"] = Operation(method.name(), file.service(s)->name(), CommentOf(method),
                                        schemas.Reference(*method.input_type()),
                                        schemas.Reference(*method.output_type()));
      }
    }
  }
  paths["/routing/v1/chat/completions"]["post"] = ChatOperation();
  Json feedback = paths["/pointsman.v1.Router/Feedback"]["post"];
  feedback["operationId"] = "chatCompletionsFeedback";
  feedback["tags"] = Json::array({"OpenAI"});
  paths["/routing/v1/feedback"]["post"] = feedback;
  paths["/metrics"] = Page("metrics", "Metrics, in Prometheus' text format.", "text/plain");
  paths["/healthz"] = Page("healthz", "Whether the server is alive.", "text/plain");
  paths["/readyz"] = Page("readyz", "Whether the server serves.", "text/plain");
  Json components = {{"schemas", schemas.all()},
                     {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}};
  components["schemas"]["Error"] = ErrorSchema();
  return {
      {"openapi", "3.0.3"},
      {"info",
       {{"title", "Pointsman"},
        {"version", version},
        {"description",
         "An online bandit routing service: ask which arm should answer a query, call that arm, "
         "and report how it went."},
        {"license",
         {{"name", "Apache-2.0"}, {"url", "https://www.apache.org/licenses/LICENSE-2.0.html"}}}}},
      {"servers", Json::array({{{"url", "/"}}})},
      {"security", Json::array({Json::object(), {{"token", Json::array()}}})},
      {"paths", paths},
      {"components", components}};
}

int Fail(const std::string& what) {
  std::cerr << "openapi_generator: " << what << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return Fail("usage: openapi_generator DESCRIPTOR_SET VERSION OUT.json OUT.cc");
  std::ifstream in(argv[1], std::ios::binary);
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromIstream(&in)) return Fail(std::string("cannot read ") + argv[1]);
  DescriptorPool pool;
  for (const auto& file : set.file()) {
    if (pool.BuildFile(file) == nullptr) return Fail("cannot use " + file.name());
  }
  const std::string text = Describe(pool, argv[2]).dump(1);
  std::ofstream(argv[3]) << text << "\n";
  std::ofstream source(argv[4]);
  source << "#include \"openapi.h\"\n\nnamespace pointsman {\n\nstd::string_view OpenApiJson() {\n"
            "  static constexpr char kText[] = R\"OPENAPI("
         << text << ")OPENAPI\";\n  return kText;\n}\n\n}  // namespace pointsman\n";
  return source.good() ? 0 : Fail(std::string("cannot write ") + argv[4]);
}
