// The contract of every released version still holds: each message, field, enum value and RPC of it is there, with its
// number, its type and its name. tests/golden/contract/VERSION.txt has one line for each.
// At a release: contract_test --write tests/golden/contract/VERSION.txt
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

using Lines = std::set<std::string>;

std::string TypeOf(const FieldDescriptor& field) {
  std::string type = field.type_name();
  if (field.message_type() != nullptr) type = field.message_type()->full_name();
  if (field.enum_type() != nullptr) type = field.enum_type()->full_name();
  return Cat(field.is_repeated() ? "repeated " : "", type);
}

void AddEnum(const EnumDescriptor& values, Lines& lines) {
  for (int i = 0; i < values.value_count(); ++i) {
    lines.insert(Cat("value ", values.full_name(), ".", values.value(i)->name(), " = ",
                     values.value(i)->number()));
  }
}

void AddMessage(const Descriptor& message, Lines& lines) {
  lines.insert(Cat("message ", message.full_name()));
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    lines.insert(Cat("field ", field.full_name(), " = ", field.number(), " ", TypeOf(field)));
  }
  for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i), lines);
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i), lines);
}

void AddService(const ServiceDescriptor& service, Lines& lines) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    lines.insert(Cat("rpc ", method.full_name(), " (", method.client_streaming() ? "stream " : "",
                     method.input_type()->full_name(), ") returns (",
                     method.server_streaming() ? "stream " : "", method.output_type()->full_name(),
                     ")"));
  }
}

Lines Contract() {
  Lines lines;
  for (const FileDescriptor* file :
       {v1::RouteRequest::descriptor()->file(), v1::PutPoolRequest::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) AddMessage(*file->message_type(i), lines);
    for (int i = 0; i < file->enum_type_count(); ++i) AddEnum(*file->enum_type(i), lines);
    for (int i = 0; i < file->service_count(); ++i) AddService(*file->service(i), lines);
  }
  return lines;
}

Lines Read(const std::filesystem::path& path) {
  std::ifstream in(path);
  Lines lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

TEST(Contract, OfEveryReleasedVersionStillHolds) {
  const Lines now = Contract();
  int versions = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(POINTSMAN_SOURCE_DIR "/tests/golden/contract")) {
    ++versions;
    const Lines released = Read(file.path());
    EXPECT_GT(released.size(), 100u) << file.path();
    std::vector<std::string> broken;
    std::set_difference(released.begin(), released.end(), now.begin(), now.end(),
                        std::back_inserter(broken));
    for (const std::string& line : broken) {
      ADD_FAILURE() << file.path().filename() << ": this is no longer so: " << line;
    }
  }
  EXPECT_GE(versions, 2);
}

TEST(Contract, NotesTypesAndNumbers) {
  const Lines now = Contract();
  for (const char* line :
       {"field pointsman.v1.FeedbackRequest.attempts = 18 repeated pointsman.v1.Attempt",
        "rpc pointsman.v1.Router.Route (pointsman.v1.RouteRequest) returns "
        "(pointsman.v1.RouteResponse)"}) {
    EXPECT_TRUE(now.contains(line)) << line;
  }
}

}  // namespace

int Write(const char* path) {
  std::ofstream out(path);
  for (const std::string& line : Contract()) out << line << "\n";
  return out.flush() ? 0 : 1;
}

}  // namespace pointsman::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc == 3 && std::string(argv[1]) == "--write") return pointsman::tests::Write(argv[2]);
  return RUN_ALL_TESTS();
}
