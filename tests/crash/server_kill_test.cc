// kill -9 of a real server at random moments under mixed load, again and again. Every acknowledged
// feedback is in the log once, at its acknowledged sequence, and the next process serves what a fresh
// replay of the log gives.
//   POINTSMAN_KILLS: how many kills in all (default 200; 2000 takes about a quarter of an hour)
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "engine/engine.h"
#include "engine/inspect/verify.h"
#include "load.h"
#include "tests/support/server_process.h"
#include "tests/support/test_folder.h"

namespace pointsman::tests {
namespace {

constexpr uint64_t kSeed = 20;
constexpr int kClients = 3;
constexpr int kLookCloselyEvery = 20;  // kills

int Kills() {
  const char* asked = std::getenv("POINTSMAN_KILLS");
  return asked == nullptr ? 200 : std::max(4, std::atoi(asked));
}

// The server, its clients, and what must be true of them.
class Siege {
 public:
  explicit Siege(std::string limits) {
    config_ = folder_.path() + "/pointsmand.yaml";
    std::ofstream(config_) << "limits: " << limits << "\n";
    for (int c = 0; c < kClients; ++c) clients_.emplace_back(c, kSeed + static_cast<uint64_t>(c));
  }

  std::string DataDir() const { return folder_.path() + "/data"; }
  ServerProcess& server() { return *server_; }

  void Start() {
    server_ = std::make_unique<ServerProcess>(DataDir(), Arguments());
    ASSERT_TRUE(server_->WaitUntilItServes()) << server_->output();
  }

  void MakePool(const std::function<void(v1::PoolSettings&)>& change) {
    v1::PutPoolRequest request;
    request.set_name("default");
    request.mutable_settings()->mutable_embedder()->set_projected(16);
    // Neighbours come from an index that is built in the background, so they may lag behind the log.
    request.mutable_settings()->set_neighbours(0);
    change(*request.mutable_settings());
    for (const char* arm : {"alpha", "beta", "gamma"}) request.add_arms()->set_name(arm);
    v1::PutPoolResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(server_->admin->PutPool(&context, request, &response).ok());
  }

  // Load until a random moment, then SIGKILL; sometimes while it starts, too.
  void WorkAndKill() {
    std::vector<std::thread> threads;
    for (Client& client : clients_) {
      threads.emplace_back([&] {
        if (client.SendUnsureAgain(*server_)) client.Work(*server_);
      });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(rng_.Below(150000)));
    server_->Kill();
    for (std::thread& thread : threads) thread.join();
    while (rng_.Below(8) == 0) {
      ServerProcess starting(DataDir(), Arguments());
      std::this_thread::sleep_for(std::chrono::microseconds(rng_.Below(200000)));
    }
  }

  // The log replays to a state that agrees with its snapshots. Returns its checksum.
  uint64_t ExpectSound(bool from_start) {
    const auto log = storage::ReadRocksEventLog(DataDir());
    EXPECT_TRUE(log.ok()) << log.status();
    if (!log.ok()) return 0;
    const auto checks = engine::VerifyLog(**log, {from_start, nullptr});
    EXPECT_TRUE(checks.ok()) << checks.status();
    if (!checks.ok()) return 0;
    uint64_t checksum = 0;
    for (const engine::PoolCheck& check : *checks) {
      EXPECT_EQ(check.fault, "") << check.pool;
      for (const engine::SnapshotCheck& s : check.snapshots) EXPECT_EQ(s.fault, "") << s.sequence;
      if (check.pool == "default") checksum = check.checksum;
    }
    return checksum;
  }

  // Whether a record has this feedback as one that was logged and not learned. The pool has few arms.
  static bool WasNotLearned(const storage::EventLog& log, const v1::FeedbackRequest& request) {
    constexpr uint32_t kArmsAtMost = 16;
    for (uint32_t arm = 0; arm < kArmsAtMost; ++arm) {
      const auto record = log.ReadFeedback({PoolId{1}, request.decision_id(), ArmId{arm}});
      if (!record.ok() || !record->has_value()) continue;
      for (const auto& seen : (*record)->seen) {
        if (seen.feedback_id == request.feedback_id()) return !seen.is_learned;
      }
    }
    return false;
  }

  // Each acknowledged feedback is the event that its acknowledgement named, and no feedback is twice.
  void ExpectEveryAcknowledgedOnce() {
    const auto log = storage::ReadRocksEventLog(DataDir());
    ASSERT_TRUE(log.ok()) << log.status();
    const Sequence first = log.value()->FirstSequence(PoolId{1}).value();
    const auto events = log.value()->ReadEvents(PoolId{1}, first, 100000000);
    ASSERT_TRUE(events.ok()) << events.status();
    std::set<std::pair<std::string, std::string>> seen;
    for (const Event& event : *events) {
      const auto* outcome = std::get_if<OutcomeEvent>(&event.body);
      if (outcome == nullptr) continue;
      EXPECT_TRUE(seen.emplace(outcome->decision_id, outcome->feedback_id).second)
          << "twice: " << outcome->decision_id << " " << outcome->feedback_id;
    }
    for (const Client& client : clients_) {
      Sequence last = 0;
      for (const Acknowledged& a : client.acknowledged()) {
        if (a.sequence == 0) {
          // A repeat. It is late only if it was late before, and its record says so.
          const bool was_late = a.result == v1::LATE && WasNotLearned(**log, a.request);
          EXPECT_TRUE(was_late || a.result == v1::ALREADY_APPLIED) << a.result;
          continue;
        }
        EXPECT_GT(a.sequence, last);  // in the order of the acknowledgements
        last = a.sequence;
        if (a.sequence < first) continue;  // dropped from the log
        ASSERT_LE(a.sequence, events->back().sequence);
        const auto* outcome = std::get_if<OutcomeEvent>(&(*events)[a.sequence - first].body);
        ASSERT_NE(outcome, nullptr) << "event " << a.sequence;
        EXPECT_EQ(outcome->decision_id, a.request.decision_id()) << a.sequence;
        EXPECT_EQ(outcome->feedback_id, a.request.feedback_id()) << a.sequence;
      }
    }
  }

  void ExpectRepeatsChangeNothing() {
    for (Client& client : clients_) {
      const auto& all = client.acknowledged();
      for (int i = 0; i < 10 && !all.empty(); ++i) {
        v1::FeedbackResponse response;
        grpc::ClientContext context;
        const auto status =
            server_->router->Feedback(&context, all[rng_.Below(all.size())].request, &response);
        ASSERT_TRUE(status.ok()) << status.error_message();
        EXPECT_EQ(response.result(), v1::ALREADY_APPLIED);
      }
    }
  }

  // The predictions of an engine that has only the log: in a copy of the folder without snapshots.
  std::string FreshPrediction() {
    const TestFolder copy;
    std::filesystem::copy(DataDir(), copy.path(), std::filesystem::copy_options::recursive);
    std::filesystem::remove_all(copy.path() + "/snapshots");
    auto storage = storage::OpenRocksStorage({.folder = copy.path()});
    EXPECT_TRUE(storage.ok()) << storage.status();
    if (!storage.ok()) return "";
    const SystemClock clock;
    engine::EngineOptions options;
    options.writing = engine::Writing::kInline;
    options.building = retrieval::Building::kInline;
    auto engine = engine::Engine::Open(options, *std::move(storage), clock);
    EXPECT_TRUE(engine.ok()) << engine.status();
    if (!engine.ok()) return "";
    std::string text;
    for (int i = 0; i < 5; ++i) {
      engine::RouteInput input;
      input.query = "a fixed question about topic " + std::to_string(i);
      input.decision_id = PredictionId(i);
      input.explain = true;
      const auto output = (*engine)->Route(input);
      EXPECT_TRUE(output.ok()) << output.status();
      if (!output.ok()) return "";
      text += Line(output->arm, output->propensity);
      for (const engine::RankedArm& arm : output->ranking)
        text += Line(arm.arm, arm.expected.quality);
    }
    return text;
  }
  std::string ServedPrediction() {
    std::string text;
    for (int i = 0; i < 5; ++i) {
      v1::RouteRequest request;
      request.set_query("a fixed question about topic " + std::to_string(i));
      request.set_decision_id(PredictionId(i));
      request.set_explain(true);
      v1::RouteResponse response;
      grpc::ClientContext context;
      EXPECT_TRUE(server_->router->Route(&context, request, &response).ok());
      text += Line(response.arm(), response.propensity());
      for (const auto& arm : response.ranking()) text += Line(arm.arm(), arm.expected().quality());
    }
    ++predictions_;
    return text;
  }

  void ExpectNoFaults() {
    for (const Client& client : clients_) {
      for (const std::string& fault : client.faults()) ADD_FAILURE() << fault;
    }
  }

  v1::GetStatsResponse Stats() {
    v1::GetStatsRequest request;
    request.set_with_checksum(true);
    v1::GetStatsResponse response;
    grpc::ClientContext context;
    const auto status = server_->admin->GetStats(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  std::size_t acknowledged() const {
    std::size_t count = 0;
    for (const Client& client : clients_) count += client.acknowledged().size();
    return count;
  }

 private:
  std::vector<std::string> Arguments() const { return {"--config", config_}; }
  std::string PredictionId(int i) const {
    return "prediction-" + std::to_string(predictions_) + "-" + std::to_string(i);
  }
  static std::string Line(const std::string& arm, double number) {
    char text[64];
    std::snprintf(text, sizeof(text), " %.17g\n", number);
    return arm + text;
  }

  const TestFolder folder_;
  std::string config_;
  Rng rng_{kSeed};
  int predictions_ = 0;
  std::vector<Client> clients_;
  std::unique_ptr<ServerProcess> server_;
};

// Expects the same arms in the same order and nearly equal figures: figures age by the second, and the two
// were asked seconds apart.
void ExpectSamePrediction(const std::string& served, const std::string& fresh) {
  std::istringstream a(served), b(fresh);
  std::string arm_a, arm_b;
  double x = 0, y = 0;
  while (a >> arm_a >> x) {
    ASSERT_TRUE(b >> arm_b >> y) << fresh;
    ASSERT_EQ(arm_a, arm_b) << served << fresh;
    ASSERT_NEAR(x, y, 1e-5) << arm_a;
  }
  EXPECT_FALSE(b >> arm_b) << fresh;
  EXPECT_FALSE(served.empty());
}

TEST(ServerKill, LosesNoAcknowledgedFeedbackCountsNoneTwiceAndServesWhatTheLogSays) {
  Siege siege("{snapshot_every_events: 400}");
  siege.Start();
  siege.MakePool([](v1::PoolSettings&) {});
  const int kills = Kills() * 3 / 5;
  for (int kill = 1; kill <= kills && !testing::Test::HasFailure(); ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    siege.WorkAndKill();
    const bool is_close_look = kill % kLookCloselyEvery == 0 || kill == kills;
    const uint64_t replayed = siege.ExpectSound(/*from_start=*/is_close_look);
    std::string fresh;
    if (is_close_look) {
      siege.ExpectEveryAcknowledgedOnce();
      fresh = siege.FreshPrediction();
    }
    siege.Start();
    EXPECT_EQ(siege.Stats().state_checksum(), replayed);
    if (is_close_look) {
      ExpectSamePrediction(siege.ServedPrediction(), fresh);
      siege.ExpectRepeatsChangeNothing();
    }
  }
  siege.ExpectNoFaults();
  EXPECT_GT(siege.acknowledged(), static_cast<std::size_t>(kills));
  std::printf("%d kills, %zu acknowledged feedbacks\n", kills, siege.acknowledged());
}

// The same while everything in the folder changes: the log is dropped, windows end unrated.
TEST(ServerKill, LosesNothingWhileTheLogIsCompactedAndSilenceIsLearned) {
  Siege siege("{snapshot_every_events: 60, snapshots_kept: 2, events_kept: 0}");
  siege.Start();
  siege.MakePool([](v1::PoolSettings& settings) {
    settings.mutable_learner()->set_quality_model("hybrid");
    settings.set_feedback_window_s(1);
    settings.set_missing_feedback(v1::DEFAULT_QUALITY);
    settings.set_missing_quality(0.5);
  });
  const int kills = Kills() - Kills() * 3 / 5;
  uint64_t missing = 0;
  for (int kill = 1; kill <= kills && !testing::Test::HasFailure(); ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    siege.WorkAndKill();
    siege.ExpectSound(/*from_start=*/false);
    siege.ExpectEveryAcknowledgedOnce();
    siege.Start();
    const v1::GetStatsResponse stats = siege.Stats();
    EXPECT_GE(stats.missing(), missing);
    missing = stats.missing();
  }
  siege.ExpectNoFaults();
  EXPECT_GT(missing, 0u);
  EXPECT_GT(storage::ReadRocksEventLog(siege.DataDir()).value()->FirstSequence(PoolId{1}).value(),
            1u);
  std::printf("%d kills, %zu acknowledged feedbacks, %llu never told\n", kills,
              siege.acknowledged(), static_cast<unsigned long long>(missing));
}

// A signal may reach any thread of the process, including those that libraries started before main.
TEST(AServer, StopsCleanlyHoweverSoonItIsTold) {
  TestFolder folder;
  for (int i = 0; i < 6; ++i) {
    ServerProcess server(folder.path() + "/data");
    ASSERT_TRUE(server.WaitUntilItServes()) << server.output();
    ASSERT_EQ(server.Stop(), 0) << "stop " << i;
  }
}

}  // namespace
}  // namespace pointsman::tests
