// A real server whose disk is full, fails or cannot be written. It continues with what it knows, reports the
// fault everywhere it should, and recovers by itself when the disk does.
#include "bad_disk.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/inspect/verify.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "storage/api/storage.h"
#include "tests/support/server_process.h"
#include "tests/support/test_folder.h"
#include "tests/support/until.h"

namespace pointsman::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BadDisk : public ::testing::Test {
 protected:
  void MakePool() {
    v1::PutPoolRequest request;
    request.set_name("default");
    for (const char* arm : {"alpha", "beta"}) request.add_arms()->set_name(arm);
    v1::PutPoolResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(server_->admin->PutPool(&context, request, &response).ok());
  }

  grpc::Status TryRoute(v1::RouteResponse& response, const std::string& query = "a question") {
    v1::RouteRequest request;
    request.set_query(query);
    grpc::ClientContext context;
    return server_->router->Route(&context, request, &response);
  }

  v1::RouteResponse Route() {
    v1::RouteResponse response;
    const grpc::Status status = TryRoute(response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  grpc::Status Tell(const std::string& decision_id) {
    v1::FeedbackRequest request;
    request.set_decision_id(decision_id);
    request.set_feedback_id("f");
    request.set_quality(0.5);
    v1::FeedbackResponse response;
    grpc::ClientContext context;
    return server_->router->Feedback(&context, request, &response);
  }

  // Recorded decisions, whose feedback is sent when the disk accepts no more decisions. Their texts go into
  // the log with their outcomes and need more room than RocksDB reserved.
  void MakeDecisions() {
    v1::PutPoolRequest pool;
    pool.set_name("default");
    pool.mutable_settings()->set_store_query_text(true);
    v1::PutPoolResponse put;
    grpc::ClientContext context;
    ASSERT_TRUE(server_->admin->PutPool(&context, pool, &put).ok());
    for (int i = 0; i < 300; ++i) {
      v1::RouteResponse decision;
      const grpc::Status status =
          TryRoute(decision, std::string(60000, static_cast<char>('a' + i % 26)));
      ASSERT_TRUE(status.ok() && decision.logged()) << status.error_message();
      waiting_.push_back(decision.decision_id());
    }
  }

  // Routes and sends feedback until one is refused. Returns its decision.
  std::string WorkUntilRefused() {
    for (int i = 0; i < 200000; ++i) {
      v1::RouteResponse decision = Route();
      if (!decision.logged() && !waiting_.empty()) {  // the decisions' disk was the first to fail
        decision.set_decision_id(waiting_.back());
        decision.set_logged(true);
        waiting_.pop_back();
      }
      const grpc::Status status = Tell(decision.decision_id());
      if (status.ok()) {
        ++acknowledged_;
        continue;
      }
      if (!decision.logged()) {
        EXPECT_EQ(ReasonOf(status), "DECISION_UNKNOWN") << status.error_message();
        if (is_decisions_failing_++ > 50) return "";
        continue;
      }
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
      EXPECT_EQ(ReasonOf(status), "STORAGE_BROKEN");
      EXPECT_EQ(RetryDelayOf(status), 5);
      EXPECT_THAT(status.error_message(), HasSubstr("this write was not stored"));
      EXPECT_THAT(status.error_message(), HasSubstr("send this again in 5 s"));
      refusal_ = status.error_message();
      return decision.decision_id();
    }
    ADD_FAILURE() << "nothing was refused";
    return "";
  }

  grpc::health::v1::HealthCheckResponse::ServingStatus Health(const std::string& service) {
    const auto stub = grpc::health::v1::Health::NewStub(
        grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(stub->Check(&context, request, &response).ok());
    return response.status();
  }

  // The server runs, answers, and reports what is wrong.
  void ExpectDegraded() {
    using Response = grpc::health::v1::HealthCheckResponse;
    while (Health("pointsman.write") != Response::NOT_SERVING) std::this_thread::yield();
    EXPECT_EQ(Health("pointsman.v1.Router"), Response::SERVING);
    EXPECT_EQ(Health(""), Response::SERVING);
    EXPECT_THAT(HttpGet(server_->admin_port(), "/metrics"),
                HasSubstr("pointsman_storage_writable 0"));
    EXPECT_THAT(HttpGet(server_->admin_port(), "/readyz"), HasSubstr("200 OK"));
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(Route().arm().empty());
    EXPECT_TRUE(server_->IsAlive());
  }

  // A disk that holds as much as it can.
  void Fill() {
    std::ofstream filler(folder_.path() + "/filler", std::ios::binary);
    const std::string page(4096, 'x');
    while (filler.write(page.data(), 4096).flush()) {
    }
  }
  void MakeRoom() { std::filesystem::remove(folder_.path() + "/filler"); }

  // Calls Route without a pause until feedback is accepted again. Calls refused meanwhile must say so.
  void ExpectRecovery() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    bool is_well = false;
    while (!is_well && std::chrono::steady_clock::now() < give_up) {
      v1::RouteResponse decision;
      const grpc::Status routed = TryRoute(decision);
      if (!routed.ok()) {
        EXPECT_EQ(routed.error_code(), grpc::StatusCode::UNAVAILABLE) << routed.error_message();
        EXPECT_EQ(ReasonOf(routed), "STORAGE_BROKEN") << routed.error_message();
        EXPECT_EQ(RetryDelayOf(routed), 1);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      } else if (decision.logged()) {
        is_well = Tell(decision.decision_id()).ok();
        acknowledged_ += is_well;
      }
    }
    ASSERT_TRUE(is_well) << server_->output();
    EXPECT_TRUE(server_->IsAlive());
    using Response = grpc::health::v1::HealthCheckResponse;
    Until([&] { return Health("pointsman.write") == Response::SERVING; });
    Until([&] { return Health("pointsman.v1.Router") == Response::SERVING; });
    EXPECT_THAT(HttpGet(server_->admin_port(), "/readyz"), HasSubstr("200 OK"));
    EXPECT_THAT(HttpGet(server_->admin_port(), "/healthz"), HasSubstr("200 OK"));
    const std::string metrics = HttpGet(server_->admin_port(), "/metrics");
    EXPECT_THAT(metrics, HasSubstr("pointsman_storage_writable 1"));
    EXPECT_THAT(metrics,
                Not(HasSubstr("pointsman_storage_errors_total 0\n")));  // it is not forgotten
  }

  uint64_t Checksum() {
    v1::GetStatsRequest request;
    request.set_with_checksum(true);
    v1::GetStatsResponse stats;
    grpc::ClientContext context;
    EXPECT_TRUE(server_->admin->GetStats(&context, request, &stats).ok());
    EXPECT_GE(stats.outcomes(), acknowledged_);
    return stats.state_checksum();
  }

  // After a restart on a healthy disk.
  void ExpectAllIsThere(const std::string& folder, const std::string& refused,
                        uint64_t checksum = 0) {
    EXPECT_EQ(server_->Stop(), 0);
    {
      const auto log = storage::ReadRocksEventLog(folder);
      ASSERT_TRUE(log.ok()) << log.status();
      const auto checks = engine::VerifyLog(**log, {});
      ASSERT_TRUE(checks.ok()) << checks.status();
      EXPECT_TRUE(checks->front().is_sound()) << checks->front().fault;
      EXPECT_GE(checks->front().last, acknowledged_ + 3);
      if (checksum != 0) {
        EXPECT_EQ(checks->front().checksum, checksum);
      }
    }
    server_ = std::make_unique<ServerProcess>(folder);
    ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
    EXPECT_EQ(Health("pointsman.write"), grpc::health::v1::HealthCheckResponse::SERVING);
    if (!refused.empty()) {
      EXPECT_TRUE(Tell(refused).ok());  // or it is told that it was applied
    }
    EXPECT_TRUE(Route().logged());
    EXPECT_TRUE(Tell(Route().decision_id()).ok());
  }

  const TestFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  uint64_t acknowledged_ = 0;
  int is_decisions_failing_ = 0;
  std::vector<std::string> waiting_;
  std::string refusal_;  // the message of the refused feedback
};

TEST_F(BadDisk, ThatIsFullStopsFeedbackAloneUntilThereIsRoom) {
  if (!why_no_mounts.empty()) GTEST_SKIP() << "no mounts of its own: " << why_no_mounts;
  const SmallDisk disk(folder_.path(), "size=128m");
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a tmpfs: " << std::strerror(errno);
  const std::string data = folder_.path() + "/data";
  server_ = std::make_unique<ServerProcess>(data);
  ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  MakePool();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Tell(Route().decision_id()).ok());
    ++acknowledged_;
  }
  // Once more: what recovered may fail and recover again.
  std::string refused;
  for (int times = 0; times < 2; ++times) {
    MakeDecisions();
    Fill();
    refused = WorkUntilRefused();
    EXPECT_THAT(refusal_, HasSubstr("the disk is full"));
    ExpectDegraded();
    MakeRoom();
    ExpectRecovery();
    if (HasFailure()) return;
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Tell(Route().decision_id()).ok());
    ++acknowledged_;
  }
  ExpectAllIsThere(data, refused, Checksum());
}

TEST_F(BadDisk, ThatRecoversUnderLoadLosesNothingThatWasAcknowledged) {
  if (!why_no_mounts.empty()) GTEST_SKIP() << "no mounts of its own: " << why_no_mounts;
  const SmallDisk disk(folder_.path(), "size=24m");
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a tmpfs: " << std::strerror(errno);
  const std::string data = folder_.path() + "/data";
  server_ = std::make_unique<ServerProcess>(data);
  ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  MakePool();
  std::atomic<bool> is_over = false;
  std::atomic<uint64_t> acknowledged = 0, refused = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&] {
      while (!is_over) {
        v1::RouteResponse decision;
        const grpc::Status routed = TryRoute(decision);
        const grpc::Status told =
            routed.ok() && decision.logged() ? Tell(decision.decision_id()) : routed;
        acknowledged += routed.ok() && decision.logged() && told.ok();
        refused += !told.ok() || !decision.logged();
        if (told.ok()) continue;
        EXPECT_TRUE(ReasonOf(told) == "STORAGE_BROKEN" || ReasonOf(told) == "DECISION_UNKNOWN")
            << told.error_message();
      }
    });
  }
  Until([&] { return acknowledged >= 20; });
  Fill();
  Until([&] { return refused > 0; });
  MakeRoom();
  const uint64_t before = acknowledged;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (acknowledged < before + 50 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  is_over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_GE(acknowledged, before + 50) << server_->output();
  acknowledged_ = acknowledged;
  ExpectAllIsThere(data, "", Checksum());
}

TEST_F(BadDisk, ThatLostWhatWasAcknowledgedIsLeftToWhoRunsTheServer) {
  if (!why_no_mounts.empty()) GTEST_SKIP() << "no mounts of its own: " << why_no_mounts;
  const SmallDisk disk(folder_.path(), "size=24m");
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a tmpfs: " << std::strerror(errno);
  const std::string data = folder_.path() + "/data";
  server_ = std::make_unique<ServerProcess>(data);
  ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  MakePool();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Tell(Route().decision_id()).ok());
  Fill();
  WorkUntilRefused();
  for (const auto& file : std::filesystem::directory_iterator(data + "/log")) {
    if (file.path().extension() == ".log") std::filesystem::remove(file.path());
  }
  MakeRoom();
  Until(
      [&] { return HttpGet(server_->admin_port(), "/healthz").find("503") != std::string::npos; });
  EXPECT_THAT(HttpGet(server_->admin_port(), "/healthz"),
              HasSubstr("has lost acknowledged writes"));
  EXPECT_THAT(HttpGet(server_->admin_port(), "/readyz"), HasSubstr("has lost acknowledged writes"));
  EXPECT_EQ(Health("pointsman.v1.Router"), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  v1::RouteResponse response;
  EXPECT_EQ(TryRoute(response).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server_->Stop(), 0);
}

TEST_F(BadDisk, ThatFailsAWriteStopsFeedbackAloneUntilARestart) {
  const std::string data = folder_.path() + "/data";
  server_ = std::make_unique<ServerProcess>(data, std::vector<std::string>{}, /*file_kb_max=*/512);
  ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  MakePool();
  const std::string refused = WorkUntilRefused();
  EXPECT_GT(acknowledged_, 50u);
  ExpectDegraded();
  ExpectAllIsThere(data, refused);
}

TEST_F(BadDisk, ThatCannotBeWrittenIsRefusedWithWhatToDo) {
  if (!why_no_mounts.empty()) GTEST_SKIP() << "no mounts of its own: " << why_no_mounts;
  const SmallDisk disk(folder_.path(), "size=24m");
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a tmpfs: " << std::strerror(errno);
  const std::string data = folder_.path() + "/data";
  {
    ServerProcess first(data);
    ASSERT_TRUE(first.WaitUntilItServes()) << first.output();
    EXPECT_EQ(first.Stop(), 0);
  }
  ASSERT_EQ(mount(nullptr, folder_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0)
      << std::strerror(errno);
  ServerProcess server(data);
  EXPECT_FALSE(server.WaitUntilItServes());
  EXPECT_THAT(server.output(), HasSubstr("cannot be written"));
  EXPECT_THAT(server.output(), HasSubstr("mounted read-only"));
}

}  // namespace
}  // namespace pointsman::tests

int main(int argc, char** argv) {
  pointsman::tests::TakeMountsOfItsOwn();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
