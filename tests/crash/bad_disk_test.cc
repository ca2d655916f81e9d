// A real server whose disk is full, fails or cannot be written: it goes on with what it knows, says so
// everywhere it should, and is well again after one restart.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "service/engine/verify.h"
#include "storage/storage.h"
#include "tests/support/server_process.h"
#include "tests/support/test_folder.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

// Why this process has no mounts of its own; empty: it has.
std::string why_no_mounts;

// Before any thread begins. As root a mount namespace is enough; else inside a user namespace.
void TakeMountsOfItsOwn() {
  const uid_t user = getuid();
  const bool is_root = user == 0 && unshare(CLONE_NEWNS) == 0;
  if (!is_root) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      why_no_mounts = std::string("unshare: ") + std::strerror(errno);
      return;
    }
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    why_no_mounts = std::string("mount: ") + std::strerror(errno);
  }
}

class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path, const char* size) : path_(path) {
    is_mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return is_mounted_; }

 private:
  const std::string path_;
  bool is_mounted_ = false;
};

std::string HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    if (write(fd, request.data(), request.size()) > 0) {
      char part[4096];
      for (ssize_t n = read(fd, part, sizeof(part)); n > 0; n = read(fd, part, sizeof(part))) {
        text.append(part, static_cast<std::size_t>(n));
      }
    }
  }
  close(fd);
  return text;
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  if (!rich.ParseFromString(status.error_details())) return "";
  for (const auto& detail : rich.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  return info.reason();
}

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

  v1::RouteResponse Route() {
    v1::RouteRequest request;
    request.set_query("a question");
    v1::RouteResponse response;
    grpc::ClientContext context;
    const grpc::Status status = server_->router->Route(&context, request, &response);
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

  // Routes and tells until the first feedback that is not taken; its decision.
  std::string WorkUntilRefused() {
    for (int i = 0; i < 200000; ++i) {
      const v1::RouteResponse decision = Route();
      const grpc::Status status = Tell(decision.decision_id());
      if (status.ok()) {
        ++acknowledged_;
        continue;
      }
      if (!decision.logged()) {  // the decisions' disk was the first to fail
        EXPECT_EQ(ReasonOf(status), "DECISION_UNKNOWN") << status.error_message();
        if (is_decisions_failing_++ > 50) return "";
        continue;
      }
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
      EXPECT_EQ(ReasonOf(status), "STORAGE_BROKEN");
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

  // The server lives, answers, and says what is wrong.
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

  // After a restart on a disk that is well.
  void ExpectAllIsThere(const std::string& folder, const std::string& refused) {
    EXPECT_EQ(server_->Stop(), 0);
    {
      const auto log = ReadRocksEventLog(folder);
      ASSERT_TRUE(log.ok()) << log.status();
      const auto checks = VerifyLog(**log, {});
      ASSERT_TRUE(checks.ok()) << checks.status();
      EXPECT_TRUE(checks->front().is_sound()) << checks->front().fault;
      EXPECT_GE(checks->front().last, acknowledged_ + 3);
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
};

TEST_F(BadDisk, ThatIsFullStopsFeedbackAloneUntilThereIsRoomAndARestart) {
  if (!why_no_mounts.empty()) GTEST_SKIP() << "no mounts of its own: " << why_no_mounts;
  const SmallDisk disk(folder_.path(), "size=24m");
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a tmpfs: " << std::strerror(errno);
  const std::string data = folder_.path() + "/data";
  server_ = std::make_unique<ServerProcess>(data);
  ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  MakePool();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(Tell(Route().decision_id()).ok());
    ++acknowledged_;
  }
  {
    std::ofstream filler(folder_.path() + "/filler", std::ios::binary);
    const std::string page(4096, 'x');
    while (filler.write(page.data(), 4096).flush()) {
    }
  }
  const std::string refused = WorkUntilRefused();
  ExpectDegraded();
  std::filesystem::remove(folder_.path() + "/filler");
  ExpectAllIsThere(data, refused);
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
}  // namespace pointsman

int main(int argc, char** argv) {
  pointsman::TakeMountsOfItsOwn();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
