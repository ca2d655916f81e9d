// Backup of a running server, restore into a new server, and the commands that read a data folder, with the
// real binaries.
#include <sys/wait.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "rpc_fixture.h"
#include "storage/api/storage.h"
#include "tests/paths.h"

namespace pointsman::tests {
namespace {

class BackupOverGrpc : public RpcFixture {
 protected:
  void Configure(service::ServerConfig& config) override {
    config.limits.snapshot_every_events = 25;
    if (!data_dir_.empty()) config.data_dir = data_dir_;
  }
  std::string DataDir() const { return folder_.path() + "/data"; }

  // Runs `pointsman ARGUMENTS`. Returns its exit code, and leaves its output in `output_`.
  int Run(const std::string& arguments) {
    const std::string command = std::string(POINTSMAN_BIN_DIR) + "/pointsman --server 127.0.0.1:" +
                                std::to_string(server_ == nullptr ? 1 : server_->port()) + " " +
                                arguments + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    output_.clear();
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output_ += static_cast<char>(c);
    return WEXITSTATUS(pclose(pipe));
  }

  void Learn(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      v1::RouteRequest route;
      route.set_query("question about topic " + std::to_string(i % 7));
      v1::RouteResponse routed;
      if (!Route(route, &routed).ok()) return;
      v1::FeedbackRequest feedback;
      feedback.set_decision_id(routed.decision_id());
      feedback.set_quality(routed.arm() == "beta" ? 0.9 : 0.3);
      v1::FeedbackResponse told;
      ASSERT_TRUE(Feedback(feedback, &told).ok());
      ++acknowledged_;
    }
  }

  v1::GetStatsResponse Learned() { return Stats("default", /*with_checksum=*/true); }

  // The answer to a fixed query. A fixed decision id makes the draw the same, too.
  std::string Prediction(const std::string& decision_id) {
    v1::RouteRequest request;
    request.set_query("a fixed question about topic 3");
    request.set_decision_id(decision_id);
    request.set_explain(true);
    v1::RouteResponse response;
    EXPECT_TRUE(Route(request, &response).ok());
    response.clear_snapshot_version();
    return response.DebugString();
  }

  std::string data_dir_;
  std::string output_;
  std::atomic<uint64_t> acknowledged_{0};
};

TEST_F(BackupOverGrpc, RestoredIntoANewServerPredictsTheSame) {
  Learn(60);
  const v1::GetStatsResponse stats = Learned();
  ASSERT_EQ(Run("backup --name one"), 0) << output_;
  EXPECT_NE(output_.find(DataDir() + "/backups/one"), std::string::npos) << output_;
  const std::string prediction = Prediction("after the backup");
  Learn(40);
  EXPECT_NE(Learned().state_checksum(), stats.state_checksum());

  const std::string restored = folder_.path() + "/restored";
  ASSERT_EQ(Run("restore " + DataDir() + "/backups/one " + restored), 0) << output_;
  EXPECT_NE(output_.find("pool default: to event 64"), std::string::npos) << output_;
  data_dir_ = restored;
  Start();
  EXPECT_EQ(Learned().state_checksum(), stats.state_checksum());
  EXPECT_EQ(Learned().outcomes(), 60u);
  EXPECT_EQ(Learned().experience_size(), 60u);
  EXPECT_EQ(Prediction("after the backup"), prediction);
  Learn(10);
  EXPECT_EQ(Learned().outcomes(), 70u);
}

TEST_F(BackupOverGrpc, HoldsWhatWasAcknowledgedBeforeItWhileFeedbackGoesOn) {
  std::atomic<bool> may_end{false};
  std::thread client([&] {
    while (!may_end) Learn(1);
  });
  for (int i = 0; i < 4; ++i) {
    while (acknowledged_ < 40u * static_cast<unsigned>(i + 1)) std::this_thread::yield();
    const uint64_t before = acknowledged_;
    const std::string name = "b" + std::to_string(i);
    EXPECT_EQ(Run("backup --name " + name), 0) << output_;
    const std::string backup = DataDir() + "/backups/" + name;
    EXPECT_EQ(Run("verify " + backup), 0) << output_;
    const auto log = storage::ReadRocksEventLog(backup);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_GE((*log)->LastSequence(PoolId{1}).value(), before + 4);
  }
  may_end = true;
  client.join();
}

TEST_F(BackupOverGrpc, RefusesANameThatLeavesTheBackupFolder) {
  for (const char* name : {"../x", "/tmp/x", ".hidden", "a b", "a/b"}) {
    EXPECT_EQ(Run("backup --name '" + std::string(name) + "'"), 2) << name << output_;
    EXPECT_NE(output_.find("field: name"), std::string::npos) << output_;
  }
  ASSERT_EQ(Run("backup --name one"), 0) << output_;
  EXPECT_EQ(Run("backup --name one"), 5) << output_;
  EXPECT_EQ(Run("backup"), 0) << output_;  // named by the time
}

TEST_F(BackupOverGrpc, RestoreRefusesAFolderThatIsNotEmpty) {
  ASSERT_EQ(Run("backup --name one"), 0) << output_;
  EXPECT_EQ(Run("restore " + DataDir() + "/backups/one " + DataDir()), 5) << output_;
  EXPECT_NE(output_.find("is not empty"), std::string::npos) << output_;
  EXPECT_EQ(Run("restore " + DataDir() + " " + folder_.path() + "/new"), 3) << output_;
}

TEST_F(BackupOverGrpc, LogPrintsTheEventsOfARunningServersFolder) {
  Learn(30);
  ASSERT_EQ(Run("log " + DataDir() + " --from 34"), 0) << output_;
  EXPECT_NE(output_.find("pool default (id 1): events 1 to 34"), std::string::npos) << output_;
  EXPECT_NE(output_.find("      34  20"), std::string::npos) << output_;
  EXPECT_NE(output_.find("quality 0."), std::string::npos) << output_;
  ASSERT_EQ(Run("log " + DataDir() + " --json --count 4"), 0) << output_;
  EXPECT_NE(output_.find(R"("sequence":4)"), std::string::npos) << output_;
  EXPECT_EQ(output_.find(R"("sequence":5)"), std::string::npos) << output_;
  EXPECT_EQ(Run("log " + DataDir() + " --pool nobody"), 3) << output_;
  EXPECT_EQ(Run("log " + folder_.path() + "/nowhere"), 3) << output_;
}

TEST_F(BackupOverGrpc, VerifyTellsASoundFolderFromADamagedOne) {
  Learn(100);
  EXPECT_EQ(Run("verify " + DataDir()), 0) << output_;
  EXPECT_NE(output_.find("sound: 1 pool\n"), std::string::npos) << output_;
  const std::string checksum = std::to_string(Learned().state_checksum());
  EXPECT_EQ(Run("verify --json --from-start " + DataDir()), 0) << output_;
  EXPECT_NE(output_.find("\"state_checksum\": \"" + checksum + "\""), std::string::npos) << output_;
  server_.reset();
  for (const auto& file : std::filesystem::directory_iterator(DataDir() + "/snapshots")) {
    std::fstream(file.path(), std::ios::in | std::ios::out | std::ios::binary).seekp(99).put('!');
    break;
  }
  EXPECT_EQ(Run("verify " + DataDir()), 7) << output_;
  EXPECT_NE(output_.find("WRONG"), std::string::npos) << output_;
  EXPECT_NE(output_.find("code: DATA_LOSS"), std::string::npos) << output_;
}

}  // namespace
}  // namespace pointsman::tests
