// The whole service over real gRPC: answers, errors, limits, health, shutdown.
#include <atomic>
#include <thread>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "rpc_fixture.h"

namespace pointsman::tests {
namespace {

using ServerOverGrpc = RpcFixture;

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  for (const auto& detail : rich.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  return info;
}

TEST_F(ServerOverGrpc, RoutesAndLearnsFromFeedback) {
  v1::RouteRequest route;
  route.set_query("what is a prime number?");
  v1::RouteResponse routed;
  ASSERT_TRUE(Route(route, &routed).ok());
  EXPECT_FALSE(routed.arm().empty());
  EXPECT_TRUE(routed.logged());
  EXPECT_NEAR(routed.propensity(), 1.0 / 3, 1e-9);

  v1::FeedbackRequest feedback;
  feedback.set_decision_id(routed.decision_id());
  feedback.set_quality(1);
  v1::FeedbackResponse told;
  ASSERT_TRUE(Feedback(feedback, &told).ok());
  EXPECT_EQ(told.result(), v1::APPLIED);

  v1::RouteResponse next;
  ASSERT_TRUE(Route(route, &next).ok());
  EXPECT_GE(next.snapshot_version(), told.sequence());
}

TEST_F(ServerOverGrpc, NamesFieldAndReasonOfABadRequest) {
  v1::RouteResponse response;
  const grpc::Status status = Route({}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(InfoOf(status).reason(), "BAD_FIELD");
  EXPECT_EQ(InfoOf(status).domain(), "pointsman");
  EXPECT_NE(status.error_message().find("query"), std::string::npos);
}

TEST_F(ServerOverGrpc, TellsWhatItDidNotTakeAndWhoWasNoCandidate) {
  v1::PutArmRequest paused;
  paused.mutable_arm()->set_name("gamma");
  paused.mutable_arm()->set_status(v1::PAUSED);
  v1::PutArmResponse put;
  grpc::ClientContext context;
  ASSERT_TRUE(admin_->PutArm(&context, paused, &put).ok());
  v1::RouteRequest request;
  request.set_query("a question");
  request.mutable_constraints()->add_deny_arms("gpt-3");
  request.mutable_constraints()->add_deny_arms("beta");
  (*request.mutable_features())["entropy"] = 1;
  request.set_explain(true);
  v1::RouteResponse response;
  ASSERT_TRUE(Route(request, &response).ok());
  EXPECT_EQ(response.arm(), "alpha");
  ASSERT_EQ(response.notes_size(), 2);
  EXPECT_NE(response.notes(0).find("gpt-3"), std::string::npos) << response.notes(0);
  EXPECT_NE(response.notes(1).find("entropy"), std::string::npos) << response.notes(1);
  ASSERT_EQ(response.not_candidates_size(), 2);
  EXPECT_EQ(response.not_candidates(0).arm(), "beta");
  EXPECT_EQ(response.not_candidates(0).reason(), "in deny_arms");
  EXPECT_EQ(response.not_candidates(1).arm(), "gamma");
  EXPECT_EQ(response.not_candidates(1).reason(), "paused");
  request.mutable_constraints()->add_deny_arms("alpha");
  const grpc::Status status = Route(request, &response);
  EXPECT_EQ(InfoOf(status).reason(), "NO_ARM_PASSES");
  for (const char* part : {"alpha: in deny_arms", "beta: in deny_arms", "gamma: paused"}) {
    EXPECT_NE(status.error_message().find(part), std::string::npos) << status.error_message();
  }
}

TEST_F(ServerOverGrpc, AnswersEachItemOfABatchOnItsOwn) {
  v1::RouteBatchRequest routes;
  routes.add_requests()->set_query("one");
  routes.add_requests();  // empty
  routes.add_requests()->set_query("three");
  v1::RouteBatchResponse routed;
  grpc::ClientContext route_context;
  ASSERT_TRUE(router_->RouteBatch(&route_context, routes, &routed).ok());
  ASSERT_EQ(routed.items_size(), 3);
  EXPECT_TRUE(routed.items(0).has_response());
  EXPECT_EQ(routed.items(1).error().code(), 3);
  EXPECT_EQ(routed.items(1).error().reason(), "BAD_FIELD");
  EXPECT_TRUE(routed.items(2).has_response());

  v1::FeedbackBatchRequest feedbacks;
  for (const int i : {0, 2}) {
    auto* feedback = feedbacks.add_requests();
    feedback->set_decision_id(routed.items(i).response().decision_id());
    feedback->set_quality(0.5);
  }
  feedbacks.add_requests()->set_decision_id("nobody");
  v1::FeedbackBatchResponse told;
  grpc::ClientContext feedback_context;
  ASSERT_TRUE(router_->FeedbackBatch(&feedback_context, feedbacks, &told).ok());
  ASSERT_EQ(told.items_size(), 3);
  EXPECT_EQ(told.items(0).response().result(), v1::APPLIED);
  EXPECT_EQ(told.items(1).response().result(), v1::APPLIED);
  EXPECT_EQ(told.items(2).error().reason(), "BAD_FIELD");  // without a field of an outcome
}

TEST_F(ServerOverGrpc, KeepsWhatItLearnedOverARestart) {
  for (int i = 0; i < 30; ++i) {
    v1::RouteRequest route;
    route.set_query("question " + std::to_string(i));
    v1::RouteResponse routed;
    ASSERT_TRUE(Route(route, &routed).ok());
    v1::FeedbackRequest feedback;
    feedback.set_decision_id(routed.decision_id());
    feedback.set_quality(routed.arm() == "beta" ? 1 : 0.2);
    v1::FeedbackResponse told;
    ASSERT_TRUE(Feedback(feedback, &told).ok());
  }
  v1::GetStatsResponse before, after;
  grpc::ClientContext first, second;
  v1::GetStatsRequest request;
  request.set_with_checksum(true);
  ASSERT_TRUE(admin_->GetStats(&first, request, &before).ok());
  EXPECT_NE(before.state_checksum(), 0u);
  Start();
  ASSERT_TRUE(admin_->GetStats(&second, request, &after).ok());
  EXPECT_EQ(after.state_checksum(), before.state_checksum());
  EXPECT_EQ(after.outcomes(), 30u);
}

TEST_F(ServerOverGrpc, SaysThatItServes) {
  auto health = grpc::health::v1::Health::NewStub(channel_);
  for (const char* service : {"", "pointsman.v1.Router", "pointsman.write"}) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(health->Check(&context, request, &response).ok()) << service;
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING) << service;
  }
}

TEST_F(ServerOverGrpc, RefusesAPortThatIsTakenWithAClearError) {
  TestFolder folder;
  service::ServerConfig config;
  config.data_dir = folder.path();
  config.listen = "127.0.0.1:" + std::to_string(server_->port());
  config.admin_listen = "";
  const auto second = service::Server::Start(config, clock_, log_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find(config.listen), absl::string_view::npos);
}

TEST_F(ServerOverGrpc, RefusesADataFolderThatIsHeld) {
  service::ServerConfig config;
  config.data_dir = folder_.path() + "/data";
  config.listen = "127.0.0.1:0";
  config.admin_listen = "";
  const auto second = service::Server::Start(config, clock_, log_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition) << second.status();
}

TEST_F(ServerOverGrpc, FailsNoCallThatItAcceptedWhenItStops) {
  constexpr int kClients = 4;
  std::atomic<int> answered{0};
  std::vector<std::string> last_answered(kClients), refused(kClients);
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      const auto client = static_cast<std::size_t>(c);
      for (int i = 0;; ++i) {
        v1::RouteRequest route;
        route.set_query("a question");
        route.set_decision_id(std::to_string(c) + "-" + std::to_string(i));
        v1::RouteResponse routed;
        if (!Route(route, &routed).ok()) {
          refused[client] = route.decision_id();
          return;
        }
        last_answered[client] = route.decision_id();
        ++answered;
      }
    });
  }
  while (answered < 50) std::this_thread::yield();
  server_->Stop();
  for (std::thread& client : clients) client.join();

  // Answered feedback is stored; refused feedback was never started.
  Start();
  const auto is_stored = [&](const std::string& id) {
    v1::ExplainRequest request;
    request.set_decision_id(id);
    v1::ExplainResponse response;
    grpc::ClientContext context;
    return admin_->Explain(&context, request, &response).ok();
  };
  for (std::size_t c = 0; c < kClients; ++c) {
    EXPECT_TRUE(is_stored(last_answered[c])) << last_answered[c];
    EXPECT_FALSE(is_stored(refused[c])) << refused[c];
  }
}

class SmallLimits : public RpcFixture {
 protected:
  void Configure(service::ServerConfig& config) override {
    config.limits.batch_items_max = 2;
    config.limits.query_bytes_max = 10;
    config.limits.message_bytes_max = 4096;
  }
};

TEST_F(SmallLimits, RefuseWhatIsOverThem) {
  v1::RouteRequest route;
  v1::RouteResponse routed;
  // A query over its limit is embedded in part; only the limit of the message rejects it.
  route.set_query("eleven bytes");
  ASSERT_TRUE(Route(route, &routed).ok());
  ASSERT_EQ(routed.notes_size(), 1);
  EXPECT_NE(routed.notes(0).find("query_bytes_max"), std::string::npos) << routed.notes(0);
  route.set_query(std::string(3000, 'x'));
  EXPECT_TRUE(Route(route, &routed).ok());

  route.set_query(std::string(5000, 'x'));
  EXPECT_EQ(Route(route, &routed).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);

  v1::RouteBatchRequest batch;
  for (int i = 0; i < 3; ++i) batch.add_requests()->set_query("q");
  v1::RouteBatchResponse response;
  grpc::ClientContext context;
  const grpc::Status status = router_->RouteBatch(&context, batch, &response);
  EXPECT_EQ(InfoOf(status).reason(), "LIMIT");
}

}  // namespace
}  // namespace pointsman::tests
