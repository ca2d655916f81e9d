#include "tools/grpc_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/request/requests.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "pointsman/v1/router.grpc.pb.h"
#include "service/grpc/to_grpc.h"
#include "tools/grpc_router.h"

namespace pointsman::tools {
namespace {

using ::testing::HasSubstr;

// A server with scripted answers, over real gRPC on a free port.
class FakeRouter final : public v1::Router::Service {
 public:
  grpc::Status Route(grpc::ServerContext*, const v1::RouteRequest* request,
                     v1::RouteResponse* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests.push_back(*request);
    if (static_cast<int>(requests.size()) <= refusals) return service::ToGrpc(refusal);
    response->set_decision_id(request->decision_id());
    response->set_arm("a");
    response->set_propensity(0.25);
    response->set_logged(is_logged);
    return grpc::Status::OK;
  }
  grpc::Status Feedback(grpc::ServerContext*, const v1::FeedbackRequest* request,
                        v1::FeedbackResponse* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    feedback.push_back(*request);
    response->set_result(v1::MERGED);
    response->set_sequence(7);
    return grpc::Status::OK;
  }

  int refusals = 0;
  absl::Status refusal = absl::UnavailableError("starting");
  bool is_logged = true;
  std::vector<v1::RouteRequest> requests;
  std::vector<v1::FeedbackRequest> feedback;

 private:
  std::mutex mutex_;
};

class FakeAdmin final : public v1::Admin::Service {
 public:
  grpc::Status ListArms(grpc::ServerContext*, const v1::ListArmsRequest* request,
                        v1::ListArmsResponse* response) override {
    const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    response->add_arms()->set_name("arm-" + std::to_string(page));
    if (page < 2) response->set_next_page_token(std::to_string(page + 1));
    return grpc::Status::OK;
  }
  grpc::Status PutPool(grpc::ServerContext*, const v1::PutPoolRequest* request,
                       v1::PutPoolResponse*) override {
    put = *request;
    return grpc::Status::OK;
  }
  v1::PutPoolRequest put;
};

class GrpcClientTest : public ::testing::Test {
 protected:
  GrpcClientTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&router_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
    options_.server = "127.0.0.1:" + std::to_string(port);
    options_.retry_every_ms = 1;
  }
  ~GrpcClientTest() override { server_->Shutdown(); }

  FakeRouter router_;
  FakeAdmin admin_;
  std::unique_ptr<grpc::Server> server_;
  GrpcOptions options_;
};

TEST_F(GrpcClientTest, BringsBackCodeMessageReasonAndField) {
  router_.refusals = 1;
  router_.refusal =
      WithReason(absl::InvalidArgumentError("query is empty"), reason::kBadField, "query");
  const auto response = GrpcClient(options_).Route({});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(response.status().message(), "query is empty");
  EXPECT_EQ(ReasonOf(response.status()), reason::kBadField);
  EXPECT_EQ(FieldOf(response.status()), "query");
}

TEST_F(GrpcClientTest, DoesNotRetryUnlessAsked) {
  router_.refusals = 1;
  EXPECT_EQ(GrpcClient(options_).Route({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(router_.requests.size(), 1u);
}

TEST_F(GrpcClientTest, RetriesTheSameRequestWhileTheServerIsUnavailable) {
  options_.retry_for_ms = 60000;
  router_.refusals = 3;
  v1::RouteRequest request;
  request.set_decision_id("replay-1-0");
  const auto response = GrpcClient(options_).Route(request);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(router_.requests.size(), 4u);
  for (const auto& seen : router_.requests) EXPECT_EQ(seen.decision_id(), "replay-1-0");
}

TEST_F(GrpcClientTest, TakesACallThatTheServerCancelledForAStoppingServer) {
  options_.retry_for_ms = 60000;
  router_.refusals = 2;
  router_.refusal = absl::CancelledError("");
  EXPECT_TRUE(GrpcClient(options_).Route({}).ok());

  options_.retry_for_ms = 0;
  router_.refusals = 4;
  const auto response = GrpcClient(options_).Route({});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(response.status()), reason::kStopping);
}

TEST_F(GrpcClientTest, RetriesNothingElse) {
  options_.retry_for_ms = 60000;
  router_.refusals = 1;
  router_.refusal = absl::FailedPreconditionError("no arm passes");
  EXPECT_FALSE(GrpcClient(options_).Route({}).ok());
  EXPECT_EQ(router_.requests.size(), 1u);
}

TEST_F(GrpcClientTest, IsUnavailableWhereNobodyListens) {
  server_->Shutdown();
  EXPECT_EQ(GrpcClient(options_).Route({}).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcClientTest, FindsAServerThatComesBackAtItsAddress) {
  options_.retry_for_ms = 60000;
  GrpcClient client(options_);
  ASSERT_TRUE(client.Route({}).ok());
  server_->Shutdown();
  server_.reset();
  std::thread later([&] {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options_.server, grpc::InsecureServerCredentials());
    builder.RegisterService(&router_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
  });
  EXPECT_TRUE(client.Route({}).ok());
  later.join();
  ASSERT_NE(server_, nullptr);
}

TEST_F(GrpcClientTest, JoinsAllPagesOfArms) {
  const auto response = GrpcClient(options_).ListArms({});
  ASSERT_TRUE(response.ok());
  ASSERT_EQ(response->arms_size(), 3);
  EXPECT_EQ(response->arms(2).name(), "arm-2");
}

TEST_F(GrpcClientTest, RouterSendsAReplaysCallsAsTheyAre) {
  GrpcRouter router(options_);
  PoolSettings settings;
  settings.learner.quality_model = "ema";
  settings.cost_scale_usd = 0.25;
  Arm arm;
  arm.name = "a";
  arm.usd_per_1m_input = 2;
  engine::RouteInput input;
  input.pool = "p";
  input.query = "text";
  input.preference = Preference{0.5, 0.25, 0.25};
  input.decision_id = "d";
  engine::FeedbackInput feedback;
  feedback.pool = "p";
  feedback.decision_id = "d";
  feedback.outcome.quality = 0.5;
  feedback.outcome.output_tokens = 12;

  ASSERT_TRUE(router.PutPool("p", settings, {arm}).ok());
  const auto output = router.Route(input);
  const auto told = router.Feedback(feedback);

  ASSERT_TRUE(output.ok() && told.ok());
  EXPECT_EQ(output->arm, "a");
  EXPECT_EQ(output->propensity, 0.25);
  EXPECT_EQ(told->result, engine::FeedbackResult::kMerged);
  EXPECT_EQ(told->sequence, 7u);
  EXPECT_EQ(admin_.put.settings().learner().quality_model(), "ema");
  EXPECT_EQ(admin_.put.settings().cost_scale_usd(), 0.25);
  EXPECT_EQ(admin_.put.arms(0).usd_per_1m_input(), 2);
  EXPECT_EQ(router_.requests[0].query(), "text");
  EXPECT_EQ(router_.requests[0].preference().cost(), 0.25);
  EXPECT_EQ(router_.feedback[0].quality(), 0.5);
  EXPECT_EQ(router_.feedback[0].output_tokens(), 12);
  EXPECT_FALSE(router_.feedback[0].has_cost_usd());
  EXPECT_FALSE(router_.feedback[0].has_latency_ms());
}

TEST_F(GrpcClientTest, RouterRefusesADecisionWhoseOutcomeWouldBeLost) {
  router_.is_logged = false;
  EXPECT_EQ(GrpcRouter(options_).Route({}).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace pointsman::tools
