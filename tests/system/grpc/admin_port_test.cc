// The admin port: metrics, health and readiness over plain HTTP.
#include <fstream>
#include <set>
#include <sstream>

#include "base/strings.h"
#include "base/version.h"
#include "http_get.h"
#include "rpc_fixture.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

class AdminPort : public RpcFixture {
 protected:
  void Configure(service::ServerConfig& config) override { config.admin_listen = "127.0.0.1:0"; }
};

TEST_F(AdminPort, CountsWhatWasServed) {
  v1::RouteRequest route;
  route.set_query("a question");
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  ASSERT_FALSE(Route({}, &routed).ok());

  const std::string metrics = Get(server_->admin_port(), "/metrics");
  for (const char* line : {"pointsman_rpc_total{code=\"OK\",rpc=\"Route\"} 1\n",
                           "pointsman_rpc_total{code=\"INVALID_ARGUMENT\",rpc=\"Route\"} 1\n",
                           "pointsman_decisions_total{logged=\"true\"} 1\n",
                           "pointsman_rpc_duration_seconds_count{rpc=\"Route\"} 2\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << " in\n" << metrics;
  }
}

TEST_F(AdminPort, SaysWhichBuildServes) {
  const std::string metrics = Get(server_->admin_port(), "/metrics");
  const auto at = metrics.find("\npointsman_build_info{");
  ASSERT_NE(at, std::string::npos) << metrics;
  const std::string line = metrics.substr(at + 1, metrics.find('\n', at + 1) - at - 1);
  EXPECT_NE(line.find(Cat("version=\"", Version(), "\"")), std::string::npos) << line;
  EXPECT_NE(line.find("data_format=\"4\""), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with("} 1")) << line;
}

TEST_F(AdminPort, CountsNoPreviewAsADecision) {
  v1::RouteRequest route;
  route.set_query("a question");
  route.set_mode(v1::PREVIEW);
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  EXPECT_FALSE(routed.arm().empty());
  EXPECT_TRUE(routed.decision_id().empty());
  EXPECT_FALSE(routed.logged());
  v1::RouteBatchRequest batch;
  *batch.add_requests() = route;
  v1::RouteBatchResponse answers;
  grpc::ClientContext context;
  ASSERT_TRUE(router_->RouteBatch(&context, batch, &answers).ok());
  EXPECT_FALSE(answers.items(0).response().arm().empty());
  const std::string metrics = Get(server_->admin_port(), "/metrics");
  for (const char* series :
       {"pointsman_decisions_total{logged=\"true\"}", "pointsman_decisions_total{logged=\"false\"}",
        "pointsman_pool_decisions_total{pool=\"default\"}"}) {
    const auto at = metrics.find(series);
    EXPECT_TRUE(at == std::string::npos ||
                std::atof(metrics.c_str() + at + std::string(series).size() + 1) == 0)
        << series << " in\n"
        << metrics;
  }
}

// The value of the line that starts with `series` and a space; -1 if there is none.
double Value(const std::string& metrics, const std::string& series) {
  const auto at = metrics.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::atof(metrics.c_str() + at + series.size() + 2);
}

TEST_F(AdminPort, AgreesWithGetStats) {
  for (int i = 0; i < 40; ++i) {
    v1::RouteRequest route;
    route.set_query("a question of kind " + std::to_string(i % 7));
    v1::RouteResponse routed;
    ASSERT_TRUE(Route(route, &routed).ok());
    v1::FeedbackRequest feedback;
    feedback.set_decision_id(i % 10 == 9 ? "no such decision" : routed.decision_id());
    feedback.set_quality(0.25 * (i % 4));
    feedback.set_latency_ms(100 + i);
    v1::FeedbackResponse told;
    EXPECT_EQ(Feedback(feedback, &told).ok(), i % 10 != 9);
  }
  v1::GetStatsResponse stats;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->GetStats(&context, {}, &stats).ok());
  const std::string metrics = Get(server_->admin_port(), "/metrics");
  const auto value = [&](const std::string& series) { return Value(metrics, series); };
  const std::string pool = "{pool=\"default\"}";
  EXPECT_EQ(value("pointsman_pool_decisions_total" + pool), 40);
  EXPECT_EQ(stats.decisions(), 40u);
  EXPECT_EQ(value("pointsman_decisions_total{logged=\"true\"}"), 40);
  EXPECT_EQ(value("pointsman_pool_outcomes_total" + pool), 36);
  EXPECT_EQ(stats.outcomes(), 36u);
  EXPECT_EQ(value("pointsman_feedback_total{result=\"APPLIED\"}"), 36);
  EXPECT_EQ(value("pointsman_pool_feedback_total{pool=\"default\",result=\"APPLIED\"}"), 36);
  EXPECT_EQ(value("pointsman_pool_feedback_total{pool=\"default\",result=\"REFUSED\"}"), 4);
  EXPECT_EQ(value("pointsman_feedback_lag_seconds_count" + pool), 36);
  EXPECT_EQ(value("pointsman_pool_arms{pool=\"default\",status=\"active\"}"), 3);
  EXPECT_EQ(value("pointsman_storage_errors_total"), 0);
  EXPECT_GT(value("pointsman_snapshot_age_seconds" + pool), 0);
  EXPECT_LE(value("pointsman_pool_explored_total" + pool), 40);
  EXPECT_GE(value("pointsman_pool_explored_total" + pool), 0);
  for (const auto& arm : stats.arms()) {
    const std::string labels = "{pool=\"default\",arm=\"" + arm.name() + "\"}";
    EXPECT_EQ(value("pointsman_arm_decisions_total" + labels), arm.decisions());
    EXPECT_EQ(value("pointsman_arm_outcomes_total" + labels), arm.outcomes());
    if (arm.outcomes() == 0) continue;
    EXPECT_NEAR(value("pointsman_arm_quality" + labels), arm.quality(), 1e-3);
    EXPECT_NEAR(value("pointsman_arm_latency_seconds" + labels), arm.latency_ms() / 1000, 1e-3);
  }
}

// All metrics that the dashboard and the alerts read exist, and all metrics are on the dashboard.
TEST_F(AdminPort, HasTheMetricsThatTheDashboardAndTheAlertsName) {
  v1::RouteRequest route;
  route.set_query("a question");
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  v1::FeedbackRequest feedback;
  feedback.set_decision_id(routed.decision_id());
  feedback.set_quality(1);
  v1::FeedbackResponse told;
  ASSERT_TRUE(Feedback(feedback, &told).ok());

  std::set<std::string> served, listed;
  std::istringstream lines(Get(server_->admin_port(), "/metrics"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# TYPE ", 0) == 0) served.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  std::ifstream file(POINTSMAN_SOURCE_DIR "/tests/deploy/metrics.txt");
  for (std::string name; file >> name;) listed.insert(name);
  EXPECT_EQ(served, listed);
}

TEST_F(AdminPort, SaysThatItLivesAndIsReady) {
  EXPECT_NE(Get(server_->admin_port(), "/healthz").find(" 200 "), std::string::npos);
  EXPECT_NE(Get(server_->admin_port(), "/readyz").find(" 200 "), std::string::npos);
  EXPECT_NE(Get(server_->admin_port(), "/secret").find(" 404 "), std::string::npos);
}

}  // namespace
}  // namespace pointsman::tests
