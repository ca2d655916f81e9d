// The shared log on a real NATS server, if there is one on this machine.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "storage/jetstream/jetstream_log.h"
#include "tests/support/spawn.h"
#include "tests/support/test_folder.h"
#include "tests/support/until.h"

namespace pointsman::storage {
namespace {

using std::chrono::milliseconds;

constexpr char kProgram[] = "/usr/sbin/nats-server";

class JetStream : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kProgram)) {
      GTEST_SKIP() << "nats-server is missing: apt-get install nats-server";
    }
    Start();
  }
  void TearDown() override { Kill(); }

  void Start() {
    server_ = tests::Spawn(
        {kProgram, "-a", "127.0.0.1", "-p", std::to_string(port_), "-js", "-sd", folder_.path()},
        {});
  }
  void Kill() {
    if (server_ == 0) return;
    kill(server_, SIGKILL);
    waitpid(server_, nullptr, 0);
    server_ = 0;
  }

  std::shared_ptr<SharedLog> Open() {
    JetStreamServers servers;
    servers.urls = {Cat("nats://127.0.0.1:", port_)};
    servers.client = "test";
    JetStreamOptions options;
    options.stream = "test";
    options.copies = 1;
    std::shared_ptr<SharedLog> log;
    tests::Until([&] {
      auto connection = ConnectJetStream(servers);
      if (!connection.ok()) return false;
      auto opened = OpenJetStreamLog(*connection, options);
      if (opened.ok()) log = *opened;
      return log != nullptr;
    });
    return log;
  }

  static uint64_t MustAppend(SharedLog& log, const std::string& bytes) {
    std::atomic<uint64_t> position{0};
    log.Append(bytes, [&](const absl::StatusOr<uint64_t>& result) {
      position = result.value_or(UINT64_MAX);
    });
    tests::Until([&] { return position > 0; });
    return position;
  }

  // Everything after `after`, until `count` messages have come.
  static std::vector<SharedMessage> MustRead(SharedLog& log, uint64_t after, std::size_t count) {
    std::vector<SharedMessage> all;
    for (int i = 0; i < 100 && all.size() < count; ++i) {
      const auto some = log.Read(after + all.size(), count - all.size(), milliseconds(200));
      if (some.ok()) all.insert(all.end(), some->begin(), some->end());
    }
    EXPECT_EQ(all.size(), count);
    return all;
  }

  tests::TestFolder folder_;
  int port_ = 20000 + static_cast<int>(getpid() % 20000);
  pid_t server_ = 0;
};

TEST_F(JetStream, GivesEveryReaderTheSameOrder) {
  const auto writer = Open(), reader = Open();
  for (int i = 1; i <= 300; ++i) writer->Append(Cat("message ", i), [](const auto&) {});
  const auto first = MustRead(*reader, 0, 300), second = MustRead(*writer, 0, 300);
  ASSERT_EQ(first.size(), 300u);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].position, i + 1);
    EXPECT_EQ(first[i].bytes, second[i].bytes);
    EXPECT_EQ(first[i].time, second[i].time);
    EXPECT_GT(first[i].time, 1'700'000'000 * kMicrosPerSecond);
  }
  const auto range = reader->Range();
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->first, 1u);
  EXPECT_EQ(range->last, 300u);
}

TEST_F(JetStream, SaysThatNothingCameAndThenBringsIt) {
  const auto log = Open();
  const auto nothing = log->Read(0, 10, milliseconds(50));
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_TRUE(nothing->empty());
  EXPECT_EQ(MustAppend(*log, "one"), 1u);
  EXPECT_EQ(MustRead(*log, 0, 1).front().bytes, "one");
  EXPECT_EQ(MustRead(*log, 0, 1).front().bytes, "one") << "again from the start";
}

TEST_F(JetStream, SaysThatAMessageIsNoLongerThere) {
  const auto log = Open();
  for (int i = 1; i <= 5; ++i) MustAppend(*log, Cat("message ", i));
  ASSERT_TRUE(log->DropBefore(4).ok());
  const auto gone = log->Read(1, 10, milliseconds(500));
  EXPECT_TRUE(absl::IsOutOfRange(gone.status())) << gone.status();
  EXPECT_EQ(MustRead(*log, 3, 2).back().bytes, "message 5");
  EXPECT_EQ(log->Range()->first, 4u);
}

TEST_F(JetStream, GoesOnAfterTheServerWasKilled) {
  const auto log = Open();
  MustAppend(*log, "before");
  EXPECT_EQ(MustRead(*log, 0, 1).front().bytes, "before");
  Kill();
  std::atomic<bool> failed{false};
  log->Append("lost", [&](const absl::StatusOr<uint64_t>& result) { failed = !result.ok(); });
  Start();
  // Whether it was lost or came with the reconnection, the log goes on.
  uint64_t position = 0;
  tests::Until([&] {
    std::atomic<bool> is_done{false};
    log->Append("after", [&](const absl::StatusOr<uint64_t>& result) {
      position = result.value_or(0);
      is_done = true;
    });
    tests::Until([&] { return is_done.load(); });
    return position > 0;
  });
  const auto rest = MustRead(*log, 1, position - 1);
  EXPECT_EQ(rest.back().bytes, "after");
}

}  // namespace
}  // namespace pointsman::storage
