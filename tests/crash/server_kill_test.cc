// kill -9 of a real server under mixed load, again and again: every acknowledged feedback is there
// once, and what the next process serves is what the last one had learned.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "pointsman/v1/router.grpc.pb.h"
#include "tests/paths.h"
#include "tests/support/test_folder.h"

extern char** environ;

namespace pointsman {
namespace {

constexpr int kKills = 8;
constexpr uint64_t kSeed = 20;

// pointsmand as a process of its own, on a free port of its choosing.
class ServerProcess {
 public:
  explicit ServerProcess(const std::string& folder) {
    std::array<int, 2> err{};
    EXPECT_EQ(pipe(err.data()), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    posix_spawn_file_actions_addclose(&actions, err[0]);
    std::vector<std::string> words{std::string(POINTSMAN_BIN_DIR) + "/pointsmand",
                                   "--data-dir", folder, "--listen", "127.0.0.1:0", "--no-admin"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(err[1]);
    port_ = WaitForPort(err[0]);
    reader_ = err[0];
    const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                                             grpc::InsecureChannelCredentials());
    router = v1::Router::NewStub(channel);
    admin = v1::Admin::NewStub(channel);
  }
  ~ServerProcess() { Kill(); }

  void Kill() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
    close(reader_);
  }

  std::unique_ptr<v1::Router::Stub> router;
  std::unique_ptr<v1::Admin::Stub> admin;

 private:
  // From the line "listening on ... (port N)".
  static int WaitForPort(int fd) {
    std::string text;
    char c = 0;
    while (read(fd, &c, 1) == 1) {
      text += c;
      const auto at = text.find("(port ");
      if (at != std::string::npos && c == ')') return std::stoi(text.substr(at + 6));
    }
    ADD_FAILURE() << "pointsmand did not start: " << text;
    return 0;
  }

  pid_t pid_ = 0;
  int port_ = 0;
  int reader_ = -1;
};

v1::GetStatsResponse Stats(ServerProcess& server) {
  v1::GetStatsResponse response;
  v1::GetStatsRequest request;
  request.set_with_checksum(true);
  grpc::ClientContext context;
  const grpc::Status status = server.admin->GetStats(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

// A fixed query's expectations: they depend on the learned state alone.
std::map<std::string, std::pair<double, double>> Predictions(ServerProcess& server) {
  v1::RouteRequest request;
  request.set_query("a fixed question about topic 3");
  request.set_explain(true);
  v1::RouteResponse response;
  grpc::ClientContext context;
  EXPECT_TRUE(server.router->Route(&context, request, &response).ok());
  std::map<std::string, std::pair<double, double>> out;
  for (const auto& arm : response.ranking()) {
    out[arm.arm()] = {arm.expected().quality(), arm.probability()};
  }
  return out;
}

void PutPool(ServerProcess& server) {
  v1::PutPoolRequest request;
  request.set_name("default");
  for (const char* arm : {"alpha", "beta", "gamma"}) request.add_arms()->set_name(arm);
  v1::PutPoolResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server.admin->PutPool(&context, request, &response).ok());
}

TEST(ServerKill, LosesNoAcknowledgedFeedbackAndCountsNoneTwice) {
  const TestFolder folder;
  Rng rng(kSeed);
  std::atomic<uint64_t> acknowledged{0};
  std::atomic<int> next_id{0};
  std::vector<std::vector<v1::FeedbackRequest>> unsure(2);  // by client: sent, no answer came
  auto server = std::make_unique<ServerProcess>(folder.path());
  PutPool(*server);

  for (int round = 0; round < kKills; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", kill " + std::to_string(round));
    // Feedback whose answer never came is sent again: APPLIED now, or ALREADY_APPLIED then.
    for (auto& mine : unsure) {
      for (const auto& feedback : mine) {
        v1::FeedbackResponse told;
        grpc::ClientContext context;
        const grpc::Status status = server->router->Feedback(&context, feedback, &told);
        ASSERT_TRUE(status.ok()) << status.error_message();
        ++acknowledged;
      }
      mine.clear();
    }
    EXPECT_EQ(Stats(*server).outcomes(), acknowledged);

    const uint64_t until = acknowledged + 20 + rng.Below(60);
    std::vector<std::thread> clients;
    for (std::size_t c = 0; c < unsure.size(); ++c) {
      clients.emplace_back([&, c] {
        while (true) {
          v1::RouteRequest route;
          route.set_query("question about topic " + std::to_string(next_id++ % 11));
          v1::RouteResponse routed;
          grpc::ClientContext route_context;
          if (!server->router->Route(&route_context, route, &routed).ok()) return;
          v1::FeedbackRequest feedback;
          feedback.set_decision_id(routed.decision_id());
          feedback.set_feedback_id("f");
          feedback.set_quality(routed.arm() == "beta" ? 0.9 : 0.3);
          v1::FeedbackResponse told;
          grpc::ClientContext context;
          if (!server->router->Feedback(&context, feedback, &told).ok()) {
            unsure[c].push_back(feedback);
            return;
          }
          ++acknowledged;
        }
      });
    }
    while (acknowledged < until) std::this_thread::yield();
    server->Kill();
    for (std::thread& client : clients) client.join();
    server = std::make_unique<ServerProcess>(folder.path());
  }
  EXPECT_GE(Stats(*server).outcomes(), acknowledged);
}

TEST(ServerKill, ChangesNoLearnedFigureAndNoPrediction) {
  const TestFolder folder;
  auto server = std::make_unique<ServerProcess>(folder.path());
  PutPool(*server);
  for (int i = 0; i < 60; ++i) {
    v1::RouteRequest route;
    route.set_query("question about topic " + std::to_string(i % 7));
    v1::RouteResponse routed;
    grpc::ClientContext route_context;
    ASSERT_TRUE(server->router->Route(&route_context, route, &routed).ok());
    v1::FeedbackRequest feedback;
    feedback.set_decision_id(routed.decision_id());
    feedback.set_quality(routed.arm() == "beta" ? 0.9 : 0.3);
    feedback.set_latency_ms(100 + i);
    v1::FeedbackResponse told;
    grpc::ClientContext context;
    ASSERT_TRUE(server->router->Feedback(&context, feedback, &told).ok());
  }
  const auto stats = Stats(*server);
  const auto predictions = Predictions(*server);

  server->Kill();
  server = std::make_unique<ServerProcess>(folder.path());

  EXPECT_EQ(Stats(*server).state_checksum(), stats.state_checksum());
  EXPECT_EQ(Stats(*server).snapshot_version(), stats.snapshot_version());
  EXPECT_EQ(Predictions(*server), predictions);
}

}  // namespace
}  // namespace pointsman
