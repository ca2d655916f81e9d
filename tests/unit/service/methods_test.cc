// The table of calls (service/access/methods.h) against the contract and its page: who adds a call and
// forgets a step fails here.
#include "service/access/methods.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/insight.pb.h"
#include "pointsman/v1/router.pb.h"
#include "tests/paths.h"

namespace pointsman::service {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Every call of the services Router, Admin and Insight.
std::vector<const MethodDescriptor*> Calls() {
  std::vector<const MethodDescriptor*> calls;
  for (const auto* file :
       {v1::RouteRequest::descriptor()->file(), v1::PutPoolRequest::descriptor()->file(),
        v1::GetServerRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const ServiceDescriptor* service = file->service(i);
      for (int k = 0; k < service->method_count(); ++k) calls.push_back(service->method(k));
    }
  }
  return calls;
}

std::string PathOf(const MethodDescriptor& call) {
  return "/" + call.service()->full_name() + "/" + call.name();
}

TEST(Methods, AreTheCallsOfTheContract) {
  std::set<std::string> paths;
  for (const MethodDescriptor* call : Calls()) {
    paths.insert(PathOf(*call));
    EXPECT_NE(FindMethod(PathOf(*call)), nullptr) << call->full_name() << " has no row";
  }
  ASSERT_GE(paths.size(), 19u) << "the contract has lost its services";
  for (const Method& method : Methods()) {
    EXPECT_TRUE(paths.contains(std::string(method.path))) << method.path << " is no call";
  }
  EXPECT_EQ(Methods().size(), paths.size());
}

TEST(Methods, OfTheAdminNeedItsScope) {
  for (const Method& method : Methods()) {
    const bool is_admin = !method.path.starts_with("/pointsman.v1.Router/");
    EXPECT_EQ(method.is_admin(), is_admin) << method.path;
    EXPECT_TRUE(is_admin || method.reach == Reach::kNamed) << method.path;
  }
}

TEST(Methods, AreInTheReference) {
  std::ifstream in(POINTSMAN_SOURCE_DIR "/docs/reference/api.md");
  std::stringstream page;
  page << in.rdbuf();
  for (const MethodDescriptor* call : Calls()) {
    EXPECT_NE(page.str().find("\n| " + call->name() + " | "), std::string::npos)
        << call->name() << " is not in docs/reference/api.md: run script/reference";
  }
}

}  // namespace
}  // namespace pointsman::service
