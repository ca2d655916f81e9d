// What is kept beside the log follows from the log: random histories of everything that changes it, made again from
// the events alone and compared with what the writer kept.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/rng.h"
#include "engine/inspect/verify.h"
#include "engine/learn/fold.h"
#include "engine/learn/rebuilt.h"
#include "engine/maintain/recovery.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

using RecordKey = std::tuple<std::string, uint32_t>;

class Projections : public tests::EngineFixture {
 protected:
  void SetUp() override {}

  void Open(const std::string& folder) {
    engine_.reset();
    auto plan = std::make_shared<tests::FailurePlan>();
    plan->after_commit = [this](const storage::LogBatch& batch) {
      for (const auto& [key, record] : batch.feedback) {
        written_[{key.decision_id, Index(key.arm)}] = record;
      }
    };
    EngineOptions options = Inline();
    options.limits.snapshot_every_events = 50;
    options.limits.events_kept = 1'000'000;
    OpenWith(tests::MakeFailingStorage(*storage::OpenRocksStorage({.folder = folder}), plan),
             options);
  }

  static PoolSettings Settings(Rng& rng) {
    PoolSettings settings;
    settings.embedder.projected = 8;
    settings.feedback_window = 30 * kMicrosPerSecond;
    settings.missing_feedback =
        rng.Below(2) == 0 ? MissingFeedback::kNothing : MissingFeedback::kQuality;
    settings.missing_quality = 0.25;
    settings.client_weight_per_hour = rng.Below(2) == 0 ? 0 : 6.5;
    settings.experience_max = 40;
    return settings;
  }

  Outcome AnyOutcome(Rng& rng) {
    Outcome o;
    if (rng.Below(2) == 0) o.quality = rng.Uniform();
    if (rng.Below(3) == 0) o.latency_ms = 1000 * rng.Uniform();
    if (rng.Below(4) == 0) o.cost_usd = rng.Uniform();
    if (rng.Below(4) == 0) o.input_tokens = static_cast<int64_t>(rng.Below(1000));
    if (rng.Below(5) == 0) o.error = rng.Below(2) == 0;
    if (rng.Below(8) == 0) o.error_kind = static_cast<ErrorKind>(1 + rng.Below(6));
    if (o.empty()) o.quality = 0.5;
    return o;
  }

  FeedbackInput AnyFeedback(Rng& rng) {
    FeedbackInput input;
    input.decision_id = decisions_[rng.Below(decisions_.size())];
    if (rng.Below(2) == 0) input.feedback_id = "id " + std::to_string(rng.Below(6));
    if (rng.Below(2) == 0)
      input.at = tests::kTestStart + static_cast<Micros>(rng.Below(1000)) * kMicrosPerMs;
    input.client = "client " + std::to_string(rng.Below(3));
    const std::vector<std::string> names = {"alpha", "beta", "gamma", "elsewhere"};
    if (rng.Below(4) == 0) input.served_arm = names[rng.Below(4)];
    switch (rng.Below(8)) {
      case 0:
        input.is_withdrawal = true;
        break;
      case 1:
        input.is_not_served = true;
        input.served_arm.clear();
        break;
      case 2:
        input.served_arm.clear();
        for (uint64_t i = 0; i <= rng.Below(3); ++i) {
          input.attempts.push_back({names[rng.Below(4)], AnyOutcome(rng)});
        }
        input.outcome = AnyOutcome(rng);
        break;
      default:
        input.outcome = AnyOutcome(rng);
    }
    return input;
  }

  void Decide(Rng& rng) {
    RouteInput input;
    input.query = "question " + std::to_string(rng.Below(7));
    input.arm_count = static_cast<uint32_t>(1 + rng.Below(3));
    input.purpose = rng.Below(2) == 0 ? learners::Purpose::kFallback : learners::Purpose::kPanel;
    const auto output = engine_->Route(input);
    ASSERT_TRUE(output.ok()) << output.status();
    decisions_.push_back(output->decision_id);
  }

  void Import(Rng& rng) {
    ImportPlan plan;
    plan.import_id = "import " + std::to_string(rng.Below(3));
    plan.queries = 2;
    plan.strength = 4;
    std::vector<ImportedQuery> chunk(2);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      chunk[i].index = i;
      chunk[i].query = "imported " + std::to_string(i);
      Outcome o;
      o.quality = 0.5;
      chunk[i].outcomes = {{"alpha", o}, {"beta", o}};
    }
    const auto done =
        Await<ImportOutput>([&](auto d) { engine_->Import(plan, chunk, std::move(d)); });
    EXPECT_TRUE(done.ok()) << done.status();
  }

  void Undo(Rng& rng) {
    const std::string id = "import " + std::to_string(rng.Below(3));
    Await<UndoOutput>([&](auto d) { engine_->UndoImport("default", id, std::move(d)); })
        .status()
        .IgnoreError();  // there may be none
  }

  void Step(Rng& rng, const std::string& folder) {
    clock_.Advance(static_cast<Micros>(rng.Below(4)) * kMicrosPerSecond);
    switch (rng.Below(24)) {
      case 0:
        return Import(rng);
      case 1:
        return Undo(rng);
      case 2:
        if (rng.Below(4) == 0) Open(folder);
        return;
      case 3:
      case 4:
      case 5:
      case 6:
        return Decide(rng);
      default:
        Tell(AnyFeedback(rng)).status().IgnoreError();  // a client may be wrong
    }
  }

  // Of the log alone, against all that was ever written.
  void ExpectRebuilt(const std::string& folder) {
    engine_.reset();
    const auto log = storage::ReadRocksEventLog(folder);
    ASSERT_TRUE(log.ok()) << log.status();
    const std::vector<Event> events = (*log)->ReadEvents(PoolId{1}, 1, 1'000'000).value();
    RebuiltProjections rebuilt;
    const Pool pool = (*log)->ReadPools()->front();
    PoolFold fold(std::make_shared<const learners::LearnedState>(EmptyState(**log, pool).value()),
                  rebuilt.reader());
    for (const Event& event : events) {
      auto applied = fold.Apply(event);
      ASSERT_TRUE(applied.ok()) << applied.status();
      rebuilt.Take(event, std::move(applied->effects));
    }
    const auto difference = rebuilt.DifferenceFrom(**log, PoolId{1});
    ASSERT_TRUE(difference.ok()) << difference.status();
    EXPECT_FALSE(difference->has_value()) << **difference;
    EXPECT_EQ(rebuilt.records(), written_.size());
    for (const auto& [key, record] : written_) {
      const auto& [decision, arm] = key;
      const auto again = rebuilt.reader()({PoolId{1}, decision, ArmId{arm}});
      ASSERT_TRUE(again->has_value()) << decision;
      EXPECT_TRUE(**again == record) << decision << " arm " << arm;
    }
    const auto checks = VerifyLog(**log, {true, nullptr});
    EXPECT_TRUE(checks->front().is_sound()) << checks->front().fault;
    EXPECT_EQ(checks->front().records_compared, rebuilt.records());
    EXPECT_GT(events.size(), 100u);
  }

  std::vector<std::string> decisions_;
  std::map<RecordKey, storage::FeedbackRecord> written_;
};

TEST_F(Projections, FollowFromTheLogAloneAfterAnyHistory) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    const tests::TestFolder folder;
    Rng rng(seed);
    decisions_.clear();
    written_.clear();
    Open(folder.path());
    MakePool(Settings(rng));
    Decide(rng);
    for (int step = 0; step < 400; ++step) Step(rng, folder.path());
    ExpectRebuilt(folder.path());
    if (HasFailure()) return;
  }
}

TEST_F(Projections, ThatDifferFromTheLogAreFoundByVerify) {
  const tests::TestFolder folder;
  Open(folder.path());
  MakePool();
  RouteInput input;
  input.query = "a question";
  const std::string decision = engine_->Route(input)->decision_id;
  ASSERT_TRUE(TellQuality(decision, 0.5).ok());
  ASSERT_EQ(written_.size(), 1u);
  storage::FeedbackRecord record = written_.begin()->second;
  const storage::FeedbackKey key{PoolId{1}, decision, record.served};
  engine_.reset();
  record.learned.quality = 0.75;
  {
    auto storage = storage::OpenRocksStorage({.folder = folder.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage::LogBatch batch;
    batch.feedback.emplace_back(key, record);
    ASSERT_TRUE(storage->log->Commit(batch, storage::Durability::kDisk).ok());
  }
  const auto log = storage::ReadRocksEventLog(folder.path());
  const auto checks = VerifyLog(**log, {true, nullptr});
  ASSERT_TRUE(checks.ok());
  EXPECT_FALSE(checks->front().is_sound());
  EXPECT_NE(checks->front().fault.find("feedback record"), std::string::npos)
      << checks->front().fault;
}

}  // namespace
}  // namespace pointsman::engine
