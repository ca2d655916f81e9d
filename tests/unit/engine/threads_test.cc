// Many threads on one engine, as gRPC's are: what is said to one caller holds for the next. The
// same test under ThreadSanitizer looks for races.
#include <atomic>
#include <thread>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

class EngineOfManyThreads : public tests::EngineFixture {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.writing = Writing::kThread;
    options.building = retrieval::Building::kBackground;
    options.limits.snapshot_every_events = 50;
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret), options);
    MakePool();
  }

  // One Route and its Feedback; a Route begun after an acknowledgement must see the outcome.
  void AskAndTell(int caller, int round) {
    const Sequence told_before = told_;
    RouteInput input;
    input.query = "question " + std::to_string(round % 17) + " of caller " + std::to_string(caller);
    const auto routed = engine_->Route(input);
    ASSERT_TRUE(routed.ok()) << routed.status();
    EXPECT_GE(routed->snapshot_version, told_before);
    ++routed_;

    FeedbackInput feedback;
    feedback.decision_id = routed->decision_id;
    feedback.outcome.quality = routed->arm == "alpha" ? 1 : 0.25;
    const auto told = Tell(feedback);
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_EQ(told->result, FeedbackResult::kApplied);
    Sequence seen = told_;
    while (seen < told->sequence && !told_.compare_exchange_weak(seen, told->sequence)) {
    }

    const auto explained = engine_->Explain("default", routed->decision_id);
    ASSERT_TRUE(explained.ok()) << explained.status();
    EXPECT_EQ(explained->chosen_names.front(), routed->arm);
  }

  std::atomic<Sequence> told_{0};
  std::atomic<uint64_t> routed_{0};
};

TEST_F(EngineOfManyThreads, LosesNoOutcomeAndShowsEachToWhoeverAsksAfterwards) {
  constexpr int kCallers = 4;
  constexpr int kRounds = 150;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> others;
  others.emplace_back([&] {  // an operator who pauses and resumes an arm
    for (int i = 0; !is_over; ++i) {
      Arm arm = tests::ThreeArms()[1];
      arm.status = i % 2 == 0 ? ArmStatus::kPaused : ArmStatus::kActive;
      const auto put =
          Await<PutArmOutput>([&](auto done) { engine_->PutArm("default", arm, std::move(done)); });
      ASSERT_TRUE(put.ok()) << put.status();
    }
  });
  others.emplace_back([&] {  // one who makes and deletes another pool
    while (!is_over) {
      const auto made = Await<PutPoolOutput>([&](auto done) {
        engine_->PutPool(
            "other", [](const PoolSettings& s) { return s; }, tests::ThreeArms(), true,
            std::move(done));
      });
      ASSERT_TRUE(made.ok()) << made.status();
      RouteInput input;
      input.pool = "other";
      input.query = "a question";
      EXPECT_TRUE(engine_->Route(input).ok());
      ASSERT_TRUE(
          Await<bool>([&](auto done) { engine_->DeletePool("other", std::move(done)); }).ok());
    }
  });
  others.emplace_back([&] {  // and a dashboard
    uint64_t outcomes = 0;
    while (!is_over) {
      const PoolStatistics stats = Stats();
      EXPECT_GE(stats.outcomes, outcomes);
      outcomes = stats.outcomes;
      EXPECT_EQ(engine_->ListArms("default", ArmId{0}, 10, true)->size(), 3u);
      EXPECT_FALSE(engine_->ListPools().empty());
    }
  });
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < kRounds; ++round) AskAndTell(caller, round);
    });
  }
  for (std::thread& caller : callers) caller.join();
  is_over = true;
  for (std::thread& other : others) other.join();

  const PoolStatistics stats = Stats();
  EXPECT_EQ(stats.outcomes, uint64_t{kCallers} * kRounds);
  EXPECT_EQ(stats.decisions, routed_);
  EXPECT_EQ(stats.experience_size, uint64_t{kCallers} * kRounds);
}

}  // namespace
}  // namespace pointsman::engine
