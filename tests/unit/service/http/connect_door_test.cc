#include "service/http/connect_door.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/clock.h"
#include "openapi.h"
#include "service/access/methods.h"
#include "spdlog/sinks/null_sink.h"
#include "spdlog/spdlog.h"

namespace pointsman::service {
namespace {

// HTTP/1.1 has no streams in both directions.
std::set<std::string> AllPaths() {
  std::set<std::string> paths;
  for (const Method& method : Methods()) {
    if (method.id != MethodId::kRouteStream && method.id != MethodId::kFeedbackStream) {
      paths.emplace(method.path);
    }
  }
  return paths;
}

TEST(ConnectDoor, ServesEveryMethodButTheStreamsInBothDirections) {
  const EngineSlot engine;
  const SystemClock clock;
  spdlog::logger log("test", std::make_shared<spdlog::sinks::null_sink_mt>());
  Metrics metrics;
  AuditLog audit(log, clock);
  const LiveLimits limits{Limits()};
  const Access access(/*is_loopback=*/true);
  Admission admission(limits, access, clock, metrics, audit);
  RouterCalls router(engine, metrics);
  AdminCalls admin(engine, "", clock);
  InsightCalls insight(engine, {}, clock);
  const ConnectDoor door(engine, router, admin, insight, admission, limits);
  std::set<std::string> served;
  for (const std::string_view path : door.paths()) served.emplace(path);
  EXPECT_EQ(served, AllPaths());
}

TEST(OpenApi, DescribesEveryMethodButTheStream) {
  const nlohmann::json described = nlohmann::json::parse(OpenApiJson());
  std::set<std::string> paths;
  for (const auto& [path, unused] : described["paths"].items()) {
    if (ConnectDoor::IsRpc(path)) paths.insert(path);
  }
  std::set<std::string> expected = AllPaths();
  expected.erase(std::string(MethodOf(MethodId::kImportOutcomes).path));
  EXPECT_EQ(paths, expected);
}

}  // namespace
}  // namespace pointsman::service
