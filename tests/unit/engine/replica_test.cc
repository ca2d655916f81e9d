// Three engines on one shared log that does all that a log may do. Whatever happens, they end with the same state,
// and what one of them acknowledged is there once.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/strings.h"
#include "tests/support/adversarial_log.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

using tests::AdversarialLog;
using tests::kTestStart;
using tests::ThreeArms;

constexpr std::size_t kReplicas = 3;
constexpr Micros kSecond = kMicrosPerSecond;

PoolSettings Settings() {
  PoolSettings settings;
  settings.embedder.name = "hashing";
  settings.embedder.dimension = 8;
  settings.feedback_window = 60 * kSecond;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = 0.25;
  return settings;
}

// The replicas, what was asked of them, and what they answered.
class Cluster {
 public:
  explicit Cluster(uint64_t seed)
      : rng_(seed),
        log_(std::make_shared<AdversarialLog>(seed + 1, kTestStart)),
        decisions_(std::make_shared<AdversarialLog>(seed + 2, kTestStart)) {
    for (std::size_t i = 0; i < kReplicas; ++i) Open(i);
  }

  Engine& any() { return *engines_[rng_.Below(kReplicas)]; }
  Rng& rng() { return rng_; }
  AdversarialLog& log() { return *log_; }

  // A replica with an empty folder in place of one of them.
  void Replace(std::size_t i) {
    engines_[i].reset();
    Open(i);
  }
  void Advance(Micros by) {
    clock_.Advance(by);
    log_->Advance(by);
    decisions_->Advance(by);
    for (const auto& engine : engines_) {
      if (engine != nullptr) engine->TickReplica();
    }
  }
  void Follow(Engine& engine, std::size_t count) {
    engine.FollowSharedLog(count).status().IgnoreError();
  }

  // Until nothing is on its way any more.
  void Settle() {
    log_->CalmDown();
    decisions_->CalmDown();
    std::size_t seen = 0;
    do {
      seen = log_->messages().size();
      for (const auto& engine : engines_) {
        while (true) {
          const auto folded = engine->FollowSharedLog(16);
          ASSERT_TRUE(folded.ok()) << folded.status();
          if (*folded == 0) break;
        }
        engine->TickReplica();
      }
    } while (log_->messages().size() > seen);
  }

  void PutPool(Engine& engine, const std::string& name) {
    engine.PutPool(
        name, [](const PoolSettings&) { return Settings(); }, ThreeArms(), false,
        [](const absl::StatusOr<PutPoolOutput>&) {});
  }

  const std::array<std::unique_ptr<Engine>, kReplicas>& engines() const { return engines_; }

 private:
  void Open(std::size_t i) {
    EngineOptions options;
    options.writing = Writing::kInline;
    options.building = retrieval::Building::kInline;
    options.replica.name = Cat("replica-", i, "-", ++opened_);
    options.replica.log = log_;
    options.replica.decisions = decisions_;
    // The log may refuse to answer for a while.
    for (int attempt = 0; attempt < 100 && engines_[i] == nullptr; ++attempt) {
      auto engine = Engine::Open(options, storage::OpenMemoryStorage({i + 1, 7}), clock_);
      if (engine.ok()) engines_[i] = *std::move(engine);
    }
    ASSERT_NE(engines_[i], nullptr);
  }

  Rng rng_;
  ManualClock clock_{kTestStart};
  std::shared_ptr<AdversarialLog> log_, decisions_;
  std::array<std::unique_ptr<Engine>, kReplicas> engines_;
  int opened_ = 0;
};

// One random history.
class History {
 public:
  explicit History(uint64_t seed) : cluster_(seed), names_arms_(seed % 2 == 0) {}

  void Play(int steps) {
    cluster_.PutPool(cluster_.any(), "default");
    for (int i = 0; i < steps; ++i) Step();
    cluster_.Settle();
    // Callers that got no answer send the same again; those that got one check it.
    for (const Sent& sent : sent_) SendAgain(sent);
    cluster_.Settle();
  }
  Cluster& cluster() { return cluster_; }
  std::size_t acknowledged() const { return acknowledged_; }

 private:
  struct Sent {
    FeedbackInput input;
    std::shared_ptr<std::optional<absl::StatusOr<FeedbackOutput>>> answer;
  };

  void Step() {
    Rng& rng = cluster_.rng();
    Engine& engine = cluster_.any();
    const uint64_t what = rng.Below(100);
    if (what < 25) {
      Route(engine);
    } else if (what < 50) {
      Rate(engine);
    } else if (what < 85) {
      cluster_.Follow(engine, 1 + rng.Below(4));
    } else if (what < 90) {
      cluster_.Advance(static_cast<Micros>(rng.Below(3)) * kSecond);
    } else if (what < 93) {
      ChangeArm(engine);
    } else if (what < 95) {
      cluster_.PutPool(engine, rng.Below(2) == 0 ? "default" : "other");
    } else if (what < 96) {
      engine.DeletePool("other", [](const absl::StatusOr<bool>&) {});
    } else if (what < 97) {
      cluster_.Advance(70 * kSecond);  // silence falls due
    } else if (what < 98) {
      cluster_.Replace(rng.Below(kReplicas));
    } else {
      cluster_.log().Release();
    }
  }

  void Route(Engine& engine) {
    RouteInput input;
    input.pool = cluster_.rng().Below(4) == 0 ? "other" : "default";
    input.query = Cat("question ", cluster_.rng().Below(20));
    const auto output = engine.Route(input);
    if (output.ok()) decided_.emplace_back(input.pool, output->decision_id);
  }

  void Rate(Engine& engine) {
    if (decided_.empty()) return;
    Rng& rng = cluster_.rng();
    // Mostly a recent decision, so that several replicas get feedback on the same one.
    const std::size_t back = rng.Below(std::min<std::size_t>(decided_.size(), 6));
    const auto& [pool, id] = decided_[decided_.size() - 1 - back];
    FeedbackInput input;
    input.pool = pool;
    input.decision_id = id;
    if (rng.Below(2) == 0) input.feedback_id = Cat("feedback ", rng.Below(1000));
    input.outcome.quality = rng.Uniform();
    if (names_arms_ && rng.Below(4) == 0) input.served_arm = rng.Below(2) == 0 ? "alpha" : "beta";
    if (rng.Below(8) == 0) {
      input.outcome = {};
      input.is_withdrawal = true;
      withdrawn_.insert(id);
    }
    Send(engine, input);
    if (rng.Below(4) == 0) Send(cluster_.any(), input);  // a retry that reaches another replica
  }

  void Send(Engine& engine, const FeedbackInput& input) {
    Sent sent{input, std::make_shared<std::optional<absl::StatusOr<FeedbackOutput>>>()};
    engine.Feedback(input, [answer = sent.answer](absl::StatusOr<FeedbackOutput> result) {
      *answer = std::move(result);
    });
    sent_.push_back(std::move(sent));
  }

  // What was acknowledged is known: sent again under its id, it brings nothing.
  void SendAgain(const Sent& sent) {
    // Where feedback names arms, one without an arm may be about another arm the second time.
    if (names_arms_ || sent.input.feedback_id.empty()) return;
    if (withdrawn_.contains(sent.input.decision_id))
      return;  // what was withdrawn may be reported again
    if (!*sent.answer || !(*sent.answer)->ok()) return;
    const FeedbackResult result = (**sent.answer)->result;
    if (result != FeedbackResult::kApplied && result != FeedbackResult::kCorrected) return;
    std::optional<absl::StatusOr<FeedbackOutput>> again;
    Engine& engine = *cluster_.engines()[cluster_.rng().Below(kReplicas)];
    engine.Feedback(sent.input,
                    [&](absl::StatusOr<FeedbackOutput> answer) { again = std::move(answer); });
    cluster_.Settle();
    if (!again) {  // it waits for a decision that was lost on its way
      cluster_.Advance(3 * kSecond);
      cluster_.Settle();
    }
    ASSERT_TRUE(again.has_value());
    if (!again->ok())
      return;  // its pool was deleted, or the decision was of a replica that is gone
    EXPECT_TRUE((*again)->result == FeedbackResult::kAlreadyApplied ||
                (*again)->result == FeedbackResult::kLate)
        << static_cast<int>((*again)->result);
    ++acknowledged_;
  }

  void ChangeArm(Engine& engine) {
    Rng& rng = cluster_.rng();
    Arm arm;
    arm.name = Cat("arm ", rng.Below(4));
    arm.version = Cat(rng.Below(3));
    if (rng.Below(3) > 0) {
      engine.PutArm("default", arm, [](const absl::StatusOr<PutArmOutput>&) {});
    } else {
      engine.RemoveArm("default", arm.name, [](const absl::StatusOr<bool>&) {});
    }
  }

  Cluster cluster_;
  const bool names_arms_;
  std::vector<std::pair<std::string, std::string>> decided_;  // pool and decision id
  std::set<std::string> withdrawn_;
  std::vector<Sent> sent_;
  std::size_t acknowledged_ = 0;
};

// The whole state of a replica, to be compared.
std::map<std::string, uint64_t> DigestOf(const Engine& engine) {
  std::map<std::string, uint64_t> digest;
  for (const PoolInfo& info : engine.ListPools()) {
    digest[Cat(info.pool.name, " ", Index(info.pool.id), " ", info.snapshot_version)] =
        engine.StateChecksum(info.pool.name).value_or(0);
  }
  return digest;
}

TEST(Replica, EndsWithTheSameStateAsTheOthersWhateverTheLogDoes) {
  const char* const asked = std::getenv("POINTSMAN_SCHEDULES");
  const int schedules = asked == nullptr ? 5000 : std::atoi(asked);
  std::size_t acknowledged = 0, outcomes = 0, again = 0;
  for (int seed = 1; seed <= schedules; ++seed) {
    SCOPED_TRACE(Cat("seed ", seed));
    History history(static_cast<uint64_t>(seed));
    history.Play(60);
    if (::testing::Test::HasFatalFailure()) return;
    const auto& engines = history.cluster().engines();
    const auto first = DigestOf(*engines[0]);
    for (std::size_t i = 1; i < kReplicas; ++i)
      ASSERT_EQ(DigestOf(*engines[i]), first) << "replica " << i;
    acknowledged += history.acknowledged();
    for (const auto& engine : engines) again += engine->Replication()->proposed_again;
    const auto stats = engines[0]->GetStats("default");
    if (!stats.ok()) continue;
    for (const ArmStatistics& arm : stats->arms) outcomes += arm.figures.outcomes;
  }
  // The histories are not empty: feedback came through, and proposals met.
  EXPECT_GT(acknowledged, static_cast<std::size_t>(schedules) / 10);
  EXPECT_GT(outcomes, static_cast<std::size_t>(schedules));
  EXPECT_GT(again, 0u);
}

absl::StatusOr<std::unique_ptr<Engine>> OpenIn(const std::string& folder, const Clock& clock,
                                               std::shared_ptr<storage::SharedLog> log) {
  storage::StorageOptions options;
  options.folder = folder;
  auto storage = storage::OpenRocksStorage(options);
  EXPECT_TRUE(storage.ok()) << storage.status();
  EngineOptions engine;
  engine.writing = Writing::kInline;
  engine.building = retrieval::Building::kInline;
  engine.replica.name = "one";
  engine.replica.log = std::move(log);
  return Engine::Open(engine, *std::move(storage), clock);
}

std::shared_ptr<AdversarialLog> CalmLog(uint64_t seed) {
  auto log = std::make_shared<AdversarialLog>(seed, kTestStart);
  log->CalmDown();
  return log;
}

TEST(Replica, GoesOnWithItsOwnFolderAndItsOwnLogOnly) {
  const tests::TestFolder folder;
  const ManualClock clock(kTestStart);
  const auto log = CalmLog(1);
  uint64_t state = 0;
  {
    const auto engine = OpenIn(folder.path(), clock, log);
    ASSERT_TRUE(engine.ok()) << engine.status();
    (*engine)->PutPool(
        "default", [](const PoolSettings&) { return Settings(); }, ThreeArms(), true,
        [](const absl::StatusOr<PutPoolOutput>&) {});
    ASSERT_TRUE((*engine)->FollowSharedLog(10).ok());
    state = (*engine)->StateChecksum("default").value_or(0);
    EXPECT_NE(state, 0u);
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenIn(folder.path(), clock, nullptr).status()))
      << "alone it would learn what the others do not";
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenIn(folder.path(), clock, CalmLog(2)).status()))
      << "another log";
  const auto engine = OpenIn(folder.path(), clock, log);
  ASSERT_TRUE(engine.ok()) << engine.status();
  EXPECT_EQ((*engine)->StateChecksum("default").value_or(0), state);
}

TEST(Replica, RefusesWhatMakesTooLargeAMessage) {
  const tests::TestFolder folder;
  const ManualClock clock(kTestStart);
  const auto engine = OpenIn(folder.path(), clock, CalmLog(1));
  ASSERT_TRUE(engine.ok()) << engine.status();
  std::vector<Arm> arms(400);
  for (std::size_t i = 0; i < arms.size(); ++i) {
    arms[i].name = Cat("arm ", i);
    arms[i].description = std::string(3000, 'x');
  }
  absl::Status answer;
  (*engine)->PutPool(
      "default", [](const PoolSettings&) { return Settings(); }, arms, true,
      [&](const absl::StatusOr<PutPoolOutput>& put) { answer = put.status(); });
  EXPECT_TRUE(absl::IsInvalidArgument(answer)) << answer;
}

}  // namespace
}  // namespace pointsman::engine
