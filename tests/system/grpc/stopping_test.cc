// What clients see when a server stops.
#include <grpcpp/grpcpp.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "rpc_fixture.h"
#include "service/grpc/admin_service.h"
#include "service/grpc/router_service.h"
#include "storage/api/storage.h"

namespace pointsman::tests {
namespace {

// The two services after the gate has closed, while the calls inside finish.
TEST(ServicesBehindAClosedDoor, TellEveryCallThatTheServerStopsAndBeginNothing) {
  SystemClock clock;
  auto opened = engine::Engine::Open({}, storage::OpenMemoryStorage(SipKey{1, 2}), clock);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const service::EngineSlot engine(*std::move(opened));
  const LiveLimits limits{Limits()};
  service::Metrics metrics;
  const service::Access access(/*is_loopback=*/true);
  spdlog::logger log("test");  // logs nothing
  service::AuditLog audit(log, clock);
  service::Admission admission(limits, access, clock, metrics, audit);
  service::RouterCalls router_calls(engine, metrics);
  service::AdminCalls admin_calls(engine, "", clock);
  service::RouterService router_service(router_calls, admission);
  service::AdminService admin_service(admin_calls, engine, admission);
  grpc::ServerBuilder builder;
  builder.RegisterService(&router_service);
  builder.RegisterService(&admin_service);
  const auto server = builder.BuildAndStart();
  const auto channel = server->InProcessChannel({});
  const auto router = v1::Router::NewStub(channel);
  const auto admin = v1::Admin::NewStub(channel);
  admission.Close();

  const auto expect_stopping = [](const char* rpc, const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << rpc;
    EXPECT_NE(status.error_details().find("STOPPING"), std::string::npos) << rpc;
  };
  const auto call = [&](const char* rpc, auto& stub, auto method, auto request, auto response) {
    grpc::ClientContext context;
    expect_stopping(rpc, (stub.*method)(&context, request, &response));
  };
  using Router = v1::Router::Stub;
  using Admin = v1::Admin::Stub;
  v1::PutPoolRequest pool;
  pool.set_name("made-too-late");
  call("Route", *router, &Router::Route, v1::RouteRequest(), v1::RouteResponse());
  call("RouteBatch", *router, &Router::RouteBatch, v1::RouteBatchRequest(),
       v1::RouteBatchResponse());
  call("Feedback", *router, &Router::Feedback, v1::FeedbackRequest(), v1::FeedbackResponse());
  call("FeedbackBatch", *router, &Router::FeedbackBatch, v1::FeedbackBatchRequest(),
       v1::FeedbackBatchResponse());
  call("PutPool", *admin, &Admin::PutPool, pool, v1::PutPoolResponse());
  call("GetPool", *admin, &Admin::GetPool, v1::GetPoolRequest(), v1::GetPoolResponse());
  call("ListPools", *admin, &Admin::ListPools, v1::ListPoolsRequest(), v1::ListPoolsResponse());
  call("DeletePool", *admin, &Admin::DeletePool, v1::DeletePoolRequest(), v1::DeletePoolResponse());
  call("PutArm", *admin, &Admin::PutArm, v1::PutArmRequest(), v1::PutArmResponse());
  call("ListArms", *admin, &Admin::ListArms, v1::ListArmsRequest(), v1::ListArmsResponse());
  call("RemoveArm", *admin, &Admin::RemoveArm, v1::RemoveArmRequest(), v1::RemoveArmResponse());
  call("ListOutcomes", *admin, &Admin::ListOutcomes, v1::ListOutcomesRequest(),
       v1::ListOutcomesResponse());
  call("GetStats", *admin, &Admin::GetStats, v1::GetStatsRequest(), v1::GetStatsResponse());
  call("Explain", *admin, &Admin::Explain, v1::ExplainRequest(), v1::ExplainResponse());
  EXPECT_TRUE(engine->ListPools().empty());
  server->Shutdown();
}

using AStoppingServer = RpcFixture;

TEST_F(AStoppingServer, TellsThoseWhoWatchItsHealthAndDoesNotWaitForThemToGo) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::ClientContext context;
  const auto watch = health->Watch(&context, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), grpc::health::v1::HealthCheckResponse::SERVING);

  server_->Stop();
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&seen));
  EXPECT_FALSE(watch->Finish().ok());
}

}  // namespace
}  // namespace pointsman::tests
