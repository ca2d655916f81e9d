#include "engine_scenario.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "engine/inspect/verify.h"

namespace pointsman::tests {
namespace {

constexpr Micros kWindow = 20 * kMicrosPerSecond;

// The answers allowed while storage fails: that it fails, or that a decision was not kept.
bool MakesSense(const absl::Status& status) {
  return status.ok() || absl::IsUnavailable(status) ||
         ReasonOf(status) == reason::kDecisionUnknown || ReasonOf(status) == reason::kPoolUnknown;
}

}  // namespace

engine::EngineOptions EngineScenario::Options() const {
  engine::EngineOptions options;
  options.writing = engine::Writing::kInline;
  options.building = retrieval::Building::kInline;
  options.limits.snapshot_every_events = 7;
  options.limits.snapshots_kept = 2;
  options.limits.events_kept = keeps_log() ? 1'000'000 : 5;
  return options;
}

bool EngineScenario::MakePool(engine::Engine& engine) {
  PoolSettings settings;
  settings.embedder.projected = 4;
  settings.feedback_window = kWindow;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = 0.5;
  std::vector<Arm> arms(2);
  arms[0].name = "alpha";
  arms[1].name = "beta";
  using Made = engine::PutPoolOutput;
  const auto made = engine::Await<Made>([&](auto done) {
    engine.PutPool(
        "default", [=](const PoolSettings&) { return settings; }, arms, false, std::move(done));
  });
  EXPECT_TRUE(MakesSense(made.status())) << made.status();
  is_pool_made_ = is_pool_made_ || made.ok();
  return engine.GetPool("default").ok();
}

void EngineScenario::Tell(engine::Engine& engine, engine::FeedbackInput input) {
  input.feedback_id = std::to_string(++count_);
  const auto told = engine::Await<engine::FeedbackOutput>(
      [&](auto done) { engine.Feedback(input, std::move(done)); });
  EXPECT_TRUE(MakesSense(told.status())) << told.status();
  if (told.ok() && told->sequence > 0) {
    acknowledged_.push_back({input.decision_id, input.feedback_id, told->sequence});
  }
}

void EngineScenario::Round(engine::Engine& engine) {
  clock_.Advance(kMicrosPerSecond);
  const uint64_t n = ++count_;
  engine::RouteInput route;
  route.query = "question " + std::to_string(n % 5);
  if (n % 2 == 0) route.decision_id = "own-" + std::to_string(seed_) + "-" + std::to_string(n);
  const auto decision = engine.Route(route);
  ASSERT_TRUE(decision.ok()) << decision.status();  // whatever fails
  engine::FeedbackInput first, second;
  first.decision_id = second.decision_id = decision->decision_id;
  first.outcome.latency_ms = 100;
  second.outcome.quality = 0.75;
  if (n % 3 != 0) Tell(engine, first);
  if (n % 4 != 0) Tell(engine, second);
  if (n % 6 == 1) {
    second.outcome.quality = 0.25;
    Tell(engine, second);
  }
  if (n % 7 == 3) {
    Arm arm;
    arm.name = "alpha";
    arm.description = "description " + std::to_string(n);
    using Put = engine::PutArmOutput;
    const auto put =
        engine::Await<Put>([&](auto done) { engine.PutArm("default", arm, std::move(done)); });
    EXPECT_TRUE(MakesSense(put.status())) << put.status();
  }
  if (n % 9 == 4) {
    using Made = engine::PutPoolOutput;
    const auto made = engine::Await<Made>([&](auto done) {
      engine.PutPool(
          "side", [](const PoolSettings& s) { return s; }, {}, false, std::move(done));
    });
    EXPECT_TRUE(MakesSense(made.status())) << made.status();
    const auto gone =
        engine::Await<bool>([&](auto done) { engine.DeletePool("side", std::move(done)); });
    EXPECT_TRUE(MakesSense(gone.status())) << gone.status();
  }
  EXPECT_TRUE(engine.GetStats("default").ok());
  EXPECT_TRUE(MakesSense(engine.Explain("default", decision->decision_id).status()));
}

bool EngineScenario::Run(storage::Storage storage, int rounds, const std::string& backup_folder) {
  auto engine = engine::Engine::Open(Options(), std::move(storage), clock_);
  if (!engine.ok()) {
    EXPECT_TRUE(absl::IsUnavailable(engine.status())) << engine.status();
    return false;
  }
  if (!MakePool(**engine)) return true;
  for (int round = 0; round < rounds; ++round) {
    Round(**engine);
    if (::testing::Test::HasFatalFailure()) return true;
    if (round == rounds / 2 && !backup_folder.empty()) {
      const auto made = engine::Await<storage::BackupInfo>(
          [&](auto done) { (*engine)->Backup(backup_folder, std::move(done)); });
      EXPECT_TRUE(made.ok() || absl::IsUnavailable(made.status())) << made.status();
    }
  }
  return true;
}

// What is kept beside the log follows from the log, wherever the work was cut off.
void EngineScenario::ExpectProjectionsOfTheLog(const storage::EventLog& log) const {
  const auto checks = engine::VerifyLog(log, {/*from_start=*/true, nullptr});
  ASSERT_TRUE(checks.ok()) << checks.status();
  for (const engine::PoolCheck& check : *checks) {
    EXPECT_TRUE(check.is_sound()) << check.fault;
    if (check.pool == "default" && !acknowledged_.empty()) {
      EXPECT_GT(check.records_compared, 0u);
    }
  }
}

void EngineScenario::ExpectAllAcknowledged(storage::Storage storage) {
  const storage::EventLog& log = *storage.log;
  const auto checks = engine::VerifyLog(log, {});
  ASSERT_TRUE(checks.ok()) << checks.status();
  for (const engine::PoolCheck& check : *checks) EXPECT_TRUE(check.is_sound()) << check.fault;
  if (keeps_log()) ExpectProjectionsOfTheLog(log);
  uint64_t checksum = 0;
  for (const engine::PoolCheck& check : *checks) {
    if (check.pool == "default") checksum = check.checksum;
  }
  std::map<Sequence, Event> events;
  if (is_pool_made_) {
    const Sequence first = log.FirstSequence(PoolId{1}).value();
    const std::vector<Event> read = log.ReadEvents(PoolId{1}, first, 1000000).value();
    for (const Event& event : read) {
      events.emplace(event.sequence, event);
    }
    ASSERT_FALSE(events.empty());
    for (const Told& told : acknowledged_) {
      if (told.sequence < first) continue;  // dropped from the log
      ASSERT_TRUE(events.contains(told.sequence)) << told.sequence;
      const auto* outcome = std::get_if<OutcomeEvent>(&events.at(told.sequence).body);
      ASSERT_NE(outcome, nullptr);
      EXPECT_EQ(outcome->decision_id, told.decision_id);
      EXPECT_EQ(outcome->feedback_id, told.feedback_id);
    }
  }
  auto engine = engine::Engine::Open(Options(), std::move(storage), clock_);
  ASSERT_TRUE(engine.ok()) << engine.status();
  if (!is_pool_made_) return;
  ASSERT_TRUE((*engine)->GetPool("default").ok());
  EXPECT_EQ((*engine)->StateChecksum("default").value(), checksum);
  // And it continues.
  engine::RouteInput route;
  route.query = "a question";
  const auto decision = (*engine)->Route(route);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_TRUE(decision->logged);
  engine::FeedbackInput input;
  input.decision_id = decision->decision_id;
  input.feedback_id = "last " + std::to_string(++count_);
  input.outcome.quality = 1;
  EXPECT_TRUE(engine::Await<engine::FeedbackOutput>([&](auto done) {
                (*engine)->Feedback(input, std::move(done));
              }).ok());
}

}  // namespace pointsman::tests
