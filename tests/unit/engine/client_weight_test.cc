// Feedback that lies: how far one client moves an arm in a pool that bounds it.
#include <atomic>
#include <thread>

#include "base/rng.h"
#include "client_weight_fixture.h"
#include "learners/quality/quality_model.h"

namespace pointsman::engine {
namespace {

TEST_F(ClientWeight, IsNotBoundedUnlessThePoolSaysSo) {
  MakePool();
  EXPECT_EQ(engine_->GetPool("default")->pool.settings.client_weight_per_hour, 0);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(Rate("busy", Decide(), 0), FeedbackResult::kApplied);
  }
  for (const LoggedOutcome& outcome : Logged()) ASSERT_EQ(outcome.event.weight, 1);
  EXPECT_EQ(Stats().feedback.over_weight, 0u);
}

TEST_F(ClientWeight, LetsALiarMoveAnArmNoFurtherThanSoManyOutcomesWould) {
  constexpr int kBound = 10, kLies = 10000, kHonest = 200;
  constexpr Micros kPause = 100 * kMicrosPerMs;
  const Micros start = clock_.Now();
  MakePool(Bound(kBound));
  Play(kHonest, kLies, kPause);
  ASSERT_LT(clock_.Now() - start, 60 * kMinute);
  const learners::ArmFigures lied_to = FiguresOf("alpha");
  EXPECT_EQ(Stats().feedback.over_weight, uint64_t{kLies - kBound});

  // Given another server, of the same beginning, told just so many.
  decided_ = told_ = 0;
  OpenAnew(Bound(0));
  Play(kHonest, kBound, kPause);
  const learners::ArmFigures told = FiguresOf("alpha");
  EXPECT_EQ(lied_to.level.mean, told.level.mean);
  EXPECT_EQ(lied_to.level.stddev, told.level.stddev);
  EXPECT_EQ(lied_to.outcomes, told.outcomes);
  EXPECT_NEAR(lied_to.tracker.quality, told.tracker.quality, 1e-6);
  EXPECT_GT(told.level.mean, 0.75);  // 10 lies beside 200 true words

  // And one that bounds nobody, which the same lies ruin.
  decided_ = told_ = 0;
  OpenAnew(Bound(0));
  Play(kHonest, kLies / 10, kPause);
  EXPECT_LT(FiguresOf("alpha").level.mean, 0.31);
}

TEST_F(ClientWeight, BoundsALiarUnderEveryLearner) {
  for (const char* model : learners::QualityModelNames()) {
    decided_ = told_ = 0;
    OpenAnew(Bound(7, model));
    Play(30, 300, 0);
    const learners::ArmFigures lied_to = FiguresOf("alpha");
    decided_ = told_ = 0;
    OpenAnew(Bound(0, model));
    Play(30, 7, 0);
    ExpectSame(lied_to, FiguresOf("alpha"), model);
  }
}

TEST_F(ClientWeight, LeavesHonestClientsBesideALiarAlone) {
  MakePool(Bound(5));
  for (int i = 0; i < 200; ++i) Rate("liar", Decide(), 0);
  for (int i = 0; i < 5; ++i) {
    const std::string honest = "honest " + std::to_string(i);
    ASSERT_EQ(Rate(honest, Decide(), 1), FeedbackResult::kApplied);
  }
  const auto logged = Logged();
  ASSERT_EQ(logged.size(), 10u);
  for (const LoggedOutcome& outcome : logged) EXPECT_EQ(outcome.event.weight, 1);
  EXPECT_EQ(OutcomesOf("alpha"), 10u);
}

TEST_F(ClientWeight, IsThatOfEachClientOnEachArmOfEachPool) {
  MakePool(Bound(1));
  EXPECT_EQ(Rate("a", Decide("alpha"), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide("alpha"), 1), kOver);
  EXPECT_EQ(Rate("a", Decide("beta"), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("b", Decide("alpha"), 1), FeedbackResult::kApplied);
  // What comes without a name is all of one client.
  EXPECT_EQ(Rate("", Decide("alpha"), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("", Decide("alpha"), 1), kOver);
  // It is taken on the arm that served, whoever was drawn.
  FeedbackInput input;
  input.client = "b";
  input.decision_id = Decide("gamma");
  input.served_arm = "alpha";
  input.outcome.quality = 1;
  EXPECT_EQ(Tell(input)->result, kOver);
}

TEST_F(ClientWeight, CountsTheLastOutcomeAsWhatIsLeft) {
  MakePool(Bound(2.5, "context_free"));
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 0), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 0), kOver);
  const auto logged = Logged();
  ASSERT_EQ(logged.size(), 3u);
  EXPECT_EQ(logged[2].event.weight, 0.5);
  // The prior is 0.5 with the strength of one outcome.
  EXPECT_DOUBLE_EQ(FiguresOf("alpha").level.mean, (0.5 + 2) / 3.5);
}

TEST_F(ClientWeight, ComesBackAfterAnHourAndNotTwiceOverItsEdge) {
  MakePool(Bound(3));
  const auto count_applied = [&] {
    int applied = 0;
    for (int i = 0; i < 10; ++i) applied += Rate("a", Decide(), 1) == FeedbackResult::kApplied;
    return applied;
  };
  EXPECT_EQ(count_applied(), 3);
  for (int minutes = 0; minutes < 60; minutes += 10) {
    EXPECT_EQ(count_applied(), 0) << minutes;
    clock_.Advance(10 * kMinute);
  }
  clock_.Advance(5 * kMinute);
  EXPECT_EQ(count_applied(), 3);
}

TEST_F(ClientWeight, IsWithinItsBoundInEveryHourOfADay) {
  constexpr double kBound = 6.5;
  MakePool(Bound(kBound));
  Rng rng(11);
  for (const Micros begin = clock_.Now(); clock_.Now() < begin + 24 * 60 * kMinute;) {
    for (uint64_t n = rng.Below(10); n > 0; --n) Rate("a", Decide(), 1);
    clock_.Advance(static_cast<Micros>(rng.Below(20 * kMinute)));
  }
  const auto logged = Logged();
  double total = 0;
  for (std::size_t first = 0; first < logged.size(); ++first) {
    double hour = 0;
    for (std::size_t i = first; i < logged.size(); ++i) {
      if (logged[i].time - logged[first].time < 60 * kMinute) hour += logged[i].event.weight;
    }
    ASSERT_LE(hour, kBound + 1e-9) << first;
    total += logged[first].event.weight;
  }
  EXPECT_GT(total, 20 * kBound);
}

TEST_F(ClientWeight, IsTakenOnceForAllPartsOfAnOutcome) {
  MakePool(Bound(1));
  const std::string decision = Decide();
  Outcome latency;
  latency.latency_ms = 800;
  EXPECT_EQ(Say("a", decision, latency), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", decision, 0.75), FeedbackResult::kMerged);
  EXPECT_EQ(Rate("a", decision, 0.5), FeedbackResult::kCorrected);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  for (const LoggedOutcome& outcome : Logged()) EXPECT_EQ(outcome.event.weight, 1);
}

TEST_F(ClientWeight, OfAnOutcomeIsThatOfItsCorrectionsToo) {
  for (const char* model : {"context_free", "hybrid"}) {
    decided_ = told_ = 0;
    OpenAnew(Bound(1.25, model));
    EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
    const std::string part = Decide();
    EXPECT_EQ(Rate("a", part, 1), FeedbackResult::kApplied);
    EXPECT_EQ(Rate("a", part, 0), FeedbackResult::kCorrected);
    EXPECT_EQ(Logged().back().event.weight, 0.25);
    const learners::ArmFigures corrected = FiguresOf("alpha");

    decided_ = told_ = 0;
    OpenAnew(Bound(1.25, model));
    Rate("a", Decide(), 1);
    Rate("a", Decide(), 0);
    const learners::ArmFigures told = FiguresOf("alpha");
    EXPECT_NEAR(corrected.level.mean, told.level.mean, 1e-12) << model;
    EXPECT_NEAR(corrected.tracker.quality, told.tracker.quality, 1e-12);
    EXPECT_EQ(corrected.tracker.quality_weight, told.tracker.quality_weight);
  }
}

TEST_F(ClientWeight, IsTakenForChangingWhatOthersTold) {
  MakePool(Bound(2));
  std::vector<std::string> decisions;
  for (int i = 0; i < 6; ++i) {
    decisions.push_back(Decide());
    ASSERT_EQ(Rate("honest " + std::to_string(i), decisions.back(), 1), FeedbackResult::kApplied);
  }
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(Rate("liar", decisions[i], 0), i < 2 ? FeedbackResult::kCorrected : kOver) << i;
    EXPECT_EQ(QualityOf(decisions[i]), i < 2 ? 0 : 1) << i;
  }
  // A further word on what it was counted for is free, to whoever was.
  EXPECT_EQ(Rate("liar", decisions[0], 0.125), FeedbackResult::kCorrected);
  EXPECT_EQ(Rate("honest 0", decisions[0], 1), FeedbackResult::kCorrected);
  // A new field counts as a change does.
  Outcome latency;
  latency.latency_ms = 1e6;
  EXPECT_EQ(Say("liar", decisions[5], latency), kOver);
}

TEST_F(ClientWeight, ThatIsGoneLeavesAnEventAndTeachesNothing) {
  MakePool(Bound(1));
  Rate("a", Decide(), 1);
  const learners::ArmFigures before = FiguresOf("alpha");
  const std::string decision = Decide();
  FeedbackInput input;
  input.client = "a";
  input.decision_id = decision;
  input.outcome.quality = 0;
  const auto told = Tell(input);
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->result, kOver);
  EXPECT_GT(told->sequence, 0u);
  ExpectSame(FiguresOf("alpha"), before, "over weight");
  EXPECT_EQ(Stats().feedback.over_weight, 1u);
  EXPECT_EQ(Stats().experience_size, 1u);
  EXPECT_TRUE(engine_->Explain("default", decision)->outcomes.empty());
  // The same again is in the log already, and may be learned once there is weight.
  EXPECT_EQ(Tell(input)->result, kOver);
  EXPECT_EQ(Tell(input)->sequence, 0u);
  // Said again when there is weight, it is the first outcome of its decision.
  clock_.Advance(66 * kMinute);
  EXPECT_EQ(Rate("a", decision, 0), FeedbackResult::kApplied);
  EXPECT_EQ(OutcomesOf("alpha"), 2u);
}

TEST_F(ClientWeight, ThatIsGoneDoesNotFixWhoServed) {
  MakePool(Bound(1));
  Rate("liar", Decide("beta"), 0);
  FeedbackInput input;
  input.client = "liar";
  input.decision_id = Decide("alpha");
  input.served_arm = "beta";
  input.outcome.quality = 0;
  EXPECT_EQ(Tell(input)->result, kOver);
  input.client = "honest";
  input.served_arm = "alpha";
  input.outcome.quality = 1;
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
  EXPECT_EQ(OutcomesOf("alpha"), 1u);
}

TEST_F(ClientWeight, IsNotTakenForMissingFeedbackNorIsWhatWasToldMissing) {
  PoolSettings settings = Bound(1);
  settings.feedback_window = 10 * kMinute;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = 0.5;
  MakePool(settings);
  Decide();  // of which nobody says anything
  Decide();
  Rate("", Decide("beta"), 1);
  const std::string told = Decide("beta");
  EXPECT_EQ(Rate("", told, 0), kOver);
  clock_.Advance(11 * kMinute);
  (void)TellQuality("nobody's", 1);  // makes the writer look
  EXPECT_EQ(Stats().missing, 2u);
  EXPECT_EQ(OutcomesOf("alpha"), 2u);
  EXPECT_EQ(OutcomesOf("beta"), 1u);
  EXPECT_EQ(Rate("", Decide("alpha"), 1), FeedbackResult::kApplied);
}

TEST_F(ClientWeight, IsSharedByTheFeedbacksOfOneTurn) {
  EngineOptions options;  // a writer on a thread of its own
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret), options);
  MakePool(Bound(7));
  constexpr int kTold = 300;
  std::atomic<int> applied{0}, over{0};
  std::vector<std::string> decisions;
  for (int i = 0; i < kTold; ++i) decisions.push_back(Decide());
  for (const std::string& decision : decisions) {
    FeedbackInput input;
    input.client = "a";
    input.decision_id = decision;
    input.outcome.quality = 0;
    engine_->Feedback(input, [&](const absl::StatusOr<FeedbackOutput>& told) {
      applied += told.ok() && told->result == FeedbackResult::kApplied;
      over += told.ok() && told->result == kOver;
    });
  }
  while (applied + over < kTold) std::this_thread::yield();
  EXPECT_EQ(applied, 7);
}

}  // namespace
}  // namespace pointsman::engine
