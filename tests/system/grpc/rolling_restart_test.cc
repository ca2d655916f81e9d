// Repeats what an upgrade does under load: SIGTERM and a start on the same folder. No accepted call fails,
// and nothing acknowledged is lost or counted twice.
#include <signal.h>

#include <atomic>
#include <thread>

#include "base/mutex.h"
#include "rpc_fixture.h"
#include "tests/support/server_process.h"

namespace pointsman::tests {
namespace {

// The stubs of the server that runs now, or ran last.
class Current {
 public:
  std::shared_ptr<v1::Router::Stub> router() {
    MutexLock lock(mutex_);
    return router_;
  }
  std::shared_ptr<v1::Admin::Stub> admin() {
    MutexLock lock(mutex_);
    return admin_;
  }
  void Connect(ServerProcess& server) {
    MutexLock lock(mutex_);
    router_ = std::move(server.router);
    admin_ = std::move(server.admin);
  }

 private:
  Mutex mutex_;
  std::shared_ptr<v1::Router::Stub> router_ GUARDED_BY(mutex_);
  std::shared_ptr<v1::Admin::Stub> admin_ GUARDED_BY(mutex_);
};

// Calls until it succeeds, and returns the number of failures before.
template <class Attempt>
int Insist(const Attempt& attempt) {
  for (int failed = 0; failed < 2000; ++failed) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const grpc::Status status = attempt(context);
    if (status.ok()) return failed;
    EXPECT_TRUE(status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                status.error_code() == grpc::StatusCode::CANCELLED)
        << status.error_code() << ": " << status.error_message();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "never succeeded";
  return -1;
}

struct Counts {
  std::atomic<uint64_t> routes = 0, feedbacks = 0, tried_again = 0;
  std::atomic<uint64_t> failed_though_decided = 0, failed_though_applied = 0;
};

// One decision with an id of its own, and its feedback.
void RouteAndTell(Current& current, const std::string& id, Counts& counts) {
  v1::RouteRequest route;
  route.set_query("question " + id);
  route.set_decision_id(id);
  v1::RouteResponse routed;
  const int route_failed = Insist([&](grpc::ClientContext& context) {
    const grpc::Status status = current.router()->Route(&context, route, &routed);
    if (status.ok()) return status;
    // It was not accepted, so no server knows it.
    v1::ExplainRequest explain;
    explain.set_decision_id(id);
    v1::ExplainResponse explained;
    Insist([&](grpc::ClientContext& again) {
      const grpc::Status found = current.admin()->Explain(&again, explain, &explained);
      return found.error_code() == grpc::StatusCode::NOT_FOUND ? grpc::Status() : found;
    });
    counts.failed_though_decided += !explained.decision_id().empty();
    return status;
  });
  EXPECT_TRUE(routed.logged());
  v1::FeedbackRequest feedback;
  feedback.set_decision_id(id);
  feedback.set_quality(0.5);
  v1::FeedbackResponse told;
  const int feedback_failed = Insist([&](grpc::ClientContext& context) {
    return current.router()->Feedback(&context, feedback, &told);
  });
  ++counts.routes;
  ++counts.feedbacks;
  counts.tried_again +=
      static_cast<uint64_t>(route_failed) + static_cast<uint64_t>(feedback_failed);
  counts.failed_though_applied += told.result() == v1::ALREADY_APPLIED;
}

TEST(RollingRestart, LosesNothingThatWasAcceptedOrAcknowledged) {
  const TestFolder folder;
  auto server = std::make_unique<ServerProcess>(folder.path() + "/data");
  ASSERT_TRUE(server->WaitUntilItServes()) << server->output();
  {
    v1::PutPoolRequest request;
    request.set_name("default");
    for (const char* name : {"alpha", "beta", "gamma"}) request.add_arms()->set_name(name);
    v1::PutPoolResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(server->admin->PutPool(&context, request, &response).ok());
  }
  Current current;
  current.Connect(*server);
  Counts counts;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; !is_over; ++i) {
        RouteAndTell(current, "client " + std::to_string(client) + " " + std::to_string(i), counts);
      }
    });
  }
  for (int restart = 0; restart < 6; ++restart) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    EXPECT_EQ(server->Stop(), 0) << "restart " << restart;
    server = std::make_unique<ServerProcess>(folder.path() + "/data");
    ASSERT_TRUE(server->WaitUntilItServes()) << server->output();
    current.Connect(*server);
  }
  is_over = true;
  for (auto& client : clients) client.join();

  EXPECT_GT(counts.tried_again, 0u) << "no call met a restart";
  EXPECT_GT(counts.feedbacks, 500u);
  EXPECT_EQ(counts.failed_though_decided, 0u);
  EXPECT_EQ(counts.failed_though_applied, 0u);
  v1::GetStatsResponse stats;
  grpc::ClientContext context;
  ASSERT_TRUE(current.admin()->GetStats(&context, {}, &stats).ok());
  EXPECT_EQ(stats.outcomes(), counts.feedbacks);
}

TEST(Hangup, ReadsTheConfigAgainWithoutARestart) {
  const TestFolder folder;
  const std::string config = folder.path() + "/config.yaml";
  const auto write = [&](const std::string& text) {
    FILE* file = fopen(config.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fputs(text.c_str(), file);
    fclose(file);
  };
  write("limits: {query_bytes_max: 100}\n");
  ServerProcess server(folder.path() + "/data", {"--config", config});
  ASSERT_TRUE(server.WaitUntilItServes()) << server.output();
  v1::PutPoolRequest pool;
  pool.set_name("default");
  pool.add_arms()->set_name("alpha");
  v1::PutPoolResponse made;
  grpc::ClientContext pool_context;
  ASSERT_TRUE(server.admin->PutPool(&pool_context, pool, &made).ok());
  const auto route = [&](std::size_t bytes) {
    v1::RouteRequest request;
    request.set_query(std::string(bytes, 'x'));
    v1::RouteResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(server.router->Route(&context, request, &response).ok());
    return response.notes_size() == 0;  // embedded as a whole
  };
  const auto comes_to_be = [&](std::size_t bytes, bool wanted) {
    for (int i = 0; i < 500 && route(bytes) != wanted; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return route(bytes) == wanted;
  };
  EXPECT_FALSE(route(150));
  write("limits: {query_bytes_max: 200}\n");
  server.Signal(SIGHUP);
  EXPECT_TRUE(comes_to_be(150, true));
  // An unreadable file keeps the old settings.
  write("limits: {query_bytes_max: many}\n");
  server.Signal(SIGHUP);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(server.IsAlive());
  EXPECT_TRUE(route(150));
  write("limits: {query_bytes_max: 100}\n");
  server.Signal(SIGHUP);
  EXPECT_TRUE(comes_to_be(150, false));
  EXPECT_EQ(server.Stop(), 0);
}

using Reload = RpcFixture;

TEST_F(Reload, NamesWhatCanOnlyChangeWithARestart) {
  service::ServerConfig config;
  config.data_dir = folder_.path() + "/data";
  config.listen = "127.0.0.1:0";
  config.admin_listen = "";
  config.log_level = "debug";
  EXPECT_TRUE(server_->Reload(config).ok());
  EXPECT_EQ(log_.level(), spdlog::level::debug);
  config.listen = "127.0.0.1:1";
  config.limits.decision_ttl_s = 5;
  config.limits.batch_items_max = 1;
  const absl::Status status = server_->Reload(config);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  for (const char* name : {"listen", "limits.decision_ttl_s"}) {
    EXPECT_NE(status.message().find(name), std::string::npos) << status;
  }
  EXPECT_EQ(status.message().find("batch_items_max"), std::string::npos) << status;
  v1::RouteBatchRequest batch;
  batch.add_requests()->set_query("one");
  batch.add_requests()->set_query("two");
  v1::RouteBatchResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(router_->RouteBatch(&context, batch, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace pointsman::tests
