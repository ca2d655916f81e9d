// Feedback that lies: how far one client moves an arm in a pool that bounds it.
#include <atomic>
#include <limits>
#include <thread>

#include "base/rng.h"
#include "service/engine/verify.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman {
namespace {

using Made = std::pair<PoolInfo, bool>;
constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr FeedbackResult kOver = FeedbackResult::kOverWeight;

PoolSettings Bound(double per_hour, const std::string& quality_model = "hybrid") {
  PoolSettings settings;
  settings.client_weight_per_hour = per_hour;
  settings.learner.quality_model = quality_model;
  return settings;
}

class ClientWeight : public EngineFixture {
 protected:
  void SetUp() override { OpenWith(OpenMemoryStorage(kTestSecret)); }

  void OpenAnew(const PoolSettings& settings) {
    OpenWith(OpenMemoryStorage(kTestSecret));
    MakePool(settings);
  }
  void OpenFolder() {
    engine_.reset();
    auto storage = OpenRocksStorage({.folder = folder_.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    EngineOptions options = Inline();
    options.limits.snapshot_every_events = 40;
    OpenWith(*std::move(storage), options);
  }
  absl::StatusOr<Made> Change(const std::function<void(PoolSettings&)>& change) {
    return Await<Made>([&](auto done) {
      engine_->PutPool(
          "default",
          [change](PoolSettings settings) -> absl::StatusOr<PoolSettings> {
            change(settings);
            return settings;
          },
          {}, false, std::move(done));
    });
  }

  // A decision for this arm.
  std::string Decide(const std::string& arm = "alpha") {
    RouteInput input;
    input.query = "question " + std::to_string(++decided_ % 50);
    input.constraints.allow_arms = {arm};
    input.decision_id = "d" + std::to_string(decided_);
    const auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? output->decision_id : "";
  }
  FeedbackResult Say(const std::string& client, const std::string& decision, Outcome outcome) {
    FeedbackInput input;
    input.client = client;
    input.decision_id = decision;
    input.feedback_id = "f" + std::to_string(++told_);
    input.outcome = outcome;
    const auto told = Tell(input);
    EXPECT_TRUE(told.ok()) << told.status();
    return told.ok() ? told->result : FeedbackResult{};
  }
  FeedbackResult Rate(const std::string& client, const std::string& decision, double quality) {
    Outcome outcome;
    outcome.quality = quality;
    return Say(client, decision, outcome);
  }

  ArmFigures FiguresOf(const std::string& name) {
    for (const ArmStatistics& arm : Stats().arms) {
      if (arm.name == name) return arm.figures;
    }
    ADD_FAILURE() << "no arm " << name;
    return {};
  }
  std::vector<LoggedOutcome> Logged() {
    const auto page = engine_->ReadOutcomes("default", 1, 100000);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->outcomes : std::vector<LoggedOutcome>{};
  }
  double QualityOf(const std::string& decision) {
    const auto explained = engine_->Explain("default", decision);
    EXPECT_TRUE(explained.ok() && explained->outcomes.size() == 1);
    return explained->outcomes.at(0).second.quality.value_or(-1);
  }

  // Outcomes of as many honest clients, then one liar's.
  void Play(int honest, int lies, Micros pause) {
    for (int i = 0; i < honest; ++i) {
      const std::string client = "honest " + std::to_string(i);
      ASSERT_EQ(Rate(client, Decide(), i % 5 == 0 ? 0.5 : 1), FeedbackResult::kApplied);
    }
    for (int i = 0; i < lies; ++i) {
      Rate("liar", Decide(), 0);
      clock_.Advance(pause);
    }
  }
  void ExpectSame(const ArmFigures& a, const ArmFigures& b, const std::string& what) {
    EXPECT_EQ(a.outcomes, b.outcomes) << what;
    EXPECT_EQ(a.tracker.quality, b.tracker.quality) << what;
    EXPECT_EQ(a.tracker.quality_weight, b.tracker.quality_weight) << what;
    EXPECT_EQ(a.level.mean, b.level.mean) << what;
    EXPECT_EQ(a.level.stddev, b.level.stddev) << what;
  }

  TestFolder folder_;
  int decided_ = 0;
  int told_ = 0;
};

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
  const ArmFigures lied_to = FiguresOf("alpha");
  EXPECT_EQ(Stats().feedback.over_weight, uint64_t{kLies - kBound});

  // Given another server, of the same beginning, told just so many.
  decided_ = told_ = 0;
  OpenAnew(PoolSettings{});
  Play(kHonest, kBound, kPause);
  const ArmFigures told = FiguresOf("alpha");
  EXPECT_EQ(lied_to.level.mean, told.level.mean);
  EXPECT_EQ(lied_to.level.stddev, told.level.stddev);
  EXPECT_EQ(lied_to.outcomes, told.outcomes);
  EXPECT_NEAR(lied_to.tracker.quality, told.tracker.quality, 1e-6);
  EXPECT_GT(told.level.mean, 0.75);  // 10 lies beside 200 true words

  // And one that bounds nobody, which the same lies ruin.
  decided_ = told_ = 0;
  OpenAnew(PoolSettings{});
  Play(kHonest, kLies / 10, kPause);
  EXPECT_LT(FiguresOf("alpha").level.mean, 0.3);
}

TEST_F(ClientWeight, BoundsALiarUnderEveryLearner) {
  for (const char* model :
       {"hybrid", "lin_thompson", "linucb", "mixture", "context_free", "ema", "knn"}) {
    decided_ = told_ = 0;
    OpenAnew(Bound(7, model));
    Play(30, 300, 0);
    const ArmFigures lied_to = FiguresOf("alpha");
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
    const ArmFigures corrected = FiguresOf("alpha");

    decided_ = told_ = 0;
    OpenAnew(Bound(1.25, model));
    Rate("a", Decide(), 1);
    Rate("a", Decide(), 0);
    const ArmFigures told = FiguresOf("alpha");
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
  const ArmFigures before = FiguresOf("alpha");
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
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kAlreadyApplied);
  // Said anew when there is weight again, it is the first outcome of its decision.
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
  OpenWith(OpenMemoryStorage(kTestSecret), options);
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

TEST_F(ClientWeight, IsInTheLogSoThatAReplayGivesTheSameState) {
  OpenFolder();
  MakePool(Bound(4.25));
  Rng rng(5);
  std::vector<std::string> decisions;
  for (int i = 0; i < 150; ++i) {
    decisions.push_back(Decide(rng.Below(2) == 0 ? "alpha" : "beta"));
    Rate("client " + std::to_string(rng.Below(4)), decisions.back(), rng.Uniform());
    const std::string& again = decisions[rng.Below(decisions.size())];
    if (i % 5 == 0) Rate("client " + std::to_string(rng.Below(4)), again, rng.Uniform());
    clock_.Advance(static_cast<Micros>(rng.Below(2 * kMinute)));
  }
  EXPECT_GT(Stats().feedback.over_weight, 20u);
  EXPECT_GT(Stats().feedback.corrected, 2u);
  const uint64_t checksum = StateChecksumNow();
  for (const bool from_start : {false, true}) {
    const auto log = ReadRocksEventLog(folder_.path());
    const auto checks = VerifyLog(**log, {from_start, nullptr});
    ASSERT_TRUE(checks.ok()) << checks.status();
    EXPECT_TRUE(checks->front().is_sound()) << checks->front().fault;
    EXPECT_GE(checks->front().snapshots.size(), 2u);
    EXPECT_EQ(checks->front().checksum, checksum);
  }
  OpenFolder();
  EXPECT_EQ(StateChecksumNow(), checksum);
  EXPECT_EQ(engine_->GetPool("default")->pool.settings.client_weight_per_hour, 4.25);
}

TEST_F(ClientWeight, IsWholeAgainAfterARestart) {
  OpenFolder();
  MakePool(Bound(1));
  const std::string first = Decide();
  EXPECT_EQ(Rate("a", first, 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  OpenFolder();
  EXPECT_EQ(Rate("a", first, 0.5), FeedbackResult::kCorrected);  // counted before the restart
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
}

TEST_F(ClientWeight, CanBeBoundedOtherwiseAtAnyTime) {
  MakePool();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 2; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 2.5; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Logged().back().event.weight, 0.5);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 1; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 0; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
}

TEST_F(ClientWeight, IsRefusedWhenItIsNoNumberOfObservations) {
  MakePool(Bound(3));
  for (const double bad : {-1.0, 2e9, std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    const auto changed = Change([&](PoolSettings& s) { s.client_weight_per_hour = bad; });
    EXPECT_TRUE(absl::IsInvalidArgument(changed.status())) << changed.status();
    EXPECT_EQ(FieldOf(changed.status()), "settings.client_weight_per_hour");
  }
  EXPECT_EQ(engine_->GetPool("default")->pool.settings.client_weight_per_hour, 3);
}

}  // namespace
}  // namespace pointsman
