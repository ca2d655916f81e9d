// Feedback: docs/design/feedback.md and docs/design/storage.md, one test a sentence.
#include <atomic>
#include <functional>
#include <future>
#include <limits>
#include <thread>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

class Feedback : public tests::EngineFixture {
 protected:
  void ExpectRefused(const absl::Status& status, absl::StatusCode code, std::string_view why) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ReasonOf(status), why) << status;
  }
};

TEST_F(Feedback, IsAppliedOnce) {
  const RouteOutput decision = MustRoute("a question");
  EXPECT_EQ(TellQuality(decision.decision_id, 1, "f1")->result, FeedbackResult::kApplied);
  EXPECT_EQ(TellQuality(decision.decision_id, 1, "f1")->result, FeedbackResult::kAlreadyApplied);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
}

TEST_F(Feedback, WithoutAnIdIsRecognisedByItsContent) {
  const RouteOutput decision = MustRoute("a question");
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kApplied);
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kAlreadyApplied);
}

TEST_F(Feedback, SayingNothingNewUnderAnotherIdIsAlreadyApplied) {
  const RouteOutput decision = MustRoute("a question");
  ASSERT_TRUE(TellQuality(decision.decision_id, 1, "f1").ok());
  const PoolStatistics before = Stats();
  EXPECT_EQ(TellQuality(decision.decision_id, 1, "f2")->result, FeedbackResult::kAlreadyApplied);
  const PoolStatistics after = Stats();
  EXPECT_EQ(after.outcomes, before.outcomes);
  EXPECT_EQ(after.snapshot_version,
            before.snapshot_version + 1);  // the log says that the id was used
  // The same again is known.
  EXPECT_EQ(TellQuality(decision.decision_id, 1, "f2")->result, FeedbackResult::kAlreadyApplied);
  EXPECT_EQ(Stats().snapshot_version, after.snapshot_version);
}

TEST_F(Feedback, ReusingAnIdForOtherContentIsRefused) {
  const RouteOutput decision = MustRoute("a question");
  ASSERT_TRUE(TellQuality(decision.decision_id, 1, "f1").ok());
  ExpectRefused(TellQuality(decision.decision_id, 0, "f1").status(),
                absl::StatusCode::kAlreadyExists, reason::kFeedbackIdReused);
}

TEST_F(Feedback, InTwoPartsEndsBitEqualToTheJointOne) {
  FeedbackInput latency, quality, joint;
  latency.outcome.latency_ms = joint.outcome.latency_ms = 800;
  latency.outcome.output_tokens = joint.outcome.output_tokens = 300;
  quality.outcome.quality = joint.outcome.quality = 0.75;
  quality.outcome.cost_usd = joint.outcome.cost_usd = 0.002;

  latency.decision_id = quality.decision_id = MustRoute("a question", "d1").decision_id;
  EXPECT_EQ(Tell(latency)->result, FeedbackResult::kApplied);
  EXPECT_EQ(Tell(quality)->result, FeedbackResult::kMerged);
  const PoolStatistics parts = Stats();

  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
  MakePool();
  joint.decision_id = MustRoute("a question", "d1").decision_id;
  EXPECT_EQ(Tell(joint)->result, FeedbackResult::kApplied);
  const PoolStatistics whole = Stats();

  ASSERT_EQ(parts.arms.size(), whole.arms.size());
  for (std::size_t i = 0; i < parts.arms.size(); ++i) {
    const learners::ArmFigures &a = parts.arms[i].figures, &b = whole.arms[i].figures;
    EXPECT_EQ(a.outcomes, b.outcomes);
    EXPECT_EQ(a.tracker.quality, b.tracker.quality);
    EXPECT_NEAR(a.expected.latency_ms, b.expected.latency_ms, 1e-9);
    EXPECT_NEAR(a.expected.cost_usd, b.expected.cost_usd, 1e-12);
    EXPECT_NEAR(a.tracker.output_tokens, b.tracker.output_tokens, 1e-9);
    EXPECT_EQ(a.tracker.quality_weight, b.tracker.quality_weight);
    EXPECT_EQ(a.level.mean, b.level.mean);
    EXPECT_EQ(a.level.stddev, b.level.stddev);
  }
}

TEST_F(Feedback, ThatContradictsCorrectsWithoutCountingTwice) {
  const RouteOutput decision = MustRoute("a question");
  ASSERT_TRUE(TellQuality(decision.decision_id, 1, "f1").ok());
  EXPECT_EQ(TellQuality(decision.decision_id, 0, "f2")->result, FeedbackResult::kCorrected);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
  const PoolStatistics stats = Stats();
  for (const ArmStatistics& arm : stats.arms) {
    if (arm.name != decision.arm) continue;
    EXPECT_DOUBLE_EQ(arm.figures.tracker.quality, 0);
    EXPECT_DOUBLE_EQ(arm.figures.tracker.quality_weight, 1);
  }
  const auto explained = engine_->Explain("default", decision.decision_id);
  ASSERT_EQ(explained->outcomes.size(), 1u);
  EXPECT_EQ(explained->outcomes[0].second.quality, 0);
}

TEST_F(Feedback, AfterTheWindowIsLateAndNotLearned) {
  const RouteOutput decision = MustRoute("a question");
  clock_.Advance(86401 * kMicrosPerSecond);
  const auto late = TellQuality(decision.decision_id, 1);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->result, FeedbackResult::kLate);
  EXPECT_GT(late->sequence, 0u);
  EXPECT_EQ(OutcomesOf(decision.arm), 0u);
  // It is in the log already, so the same again is no news there.
  const auto again = TellQuality(decision.decision_id, 1);
  EXPECT_EQ(again->result, FeedbackResult::kLate);
  EXPECT_EQ(again->sequence, 0u);
}

TEST_F(Feedback, ForAnExpiredDecisionAndAnUnknownOneAreToldApart) {
  const RouteOutput decision = MustRoute("a question");
  ExpectRefused(TellQuality("never-seen", 1).status(), absl::StatusCode::kNotFound,
                reason::kDecisionUnknown);
  clock_.Advance(8 * 86400 * kMicrosPerSecond);
  ExpectRefused(TellQuality(decision.decision_id, 1).status(), absl::StatusCode::kNotFound,
                reason::kDecisionExpired);
}

TEST_F(Feedback, NamingTheArmThatServedTeachesThatArm) {
  const RouteOutput decision = MustRoute("a question");
  const std::string other = decision.arm == "alpha" ? "beta" : "alpha";
  FeedbackInput input;
  input.decision_id = decision.decision_id;
  input.served_arm = other;
  input.outcome.quality = 1;
  ASSERT_TRUE(Tell(input).ok());
  EXPECT_EQ(OutcomesOf(other), 1u);
  EXPECT_EQ(OutcomesOf(decision.arm), 0u);

  // A later part that names no arm belongs to the one that served.
  FeedbackInput latency;
  latency.decision_id = decision.decision_id;
  latency.outcome.latency_ms = 100;
  EXPECT_EQ(Tell(latency)->result, FeedbackResult::kMerged);
  EXPECT_EQ(OutcomesOf(decision.arm), 0u);

  // The arm that was tried before it has an outcome of its own.
  input.served_arm = decision.arm;
  input.outcome = {};
  input.outcome.error = true;
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
  EXPECT_EQ(OutcomesOf(other), 1u);
}

TEST_F(Feedback, RatesEachArmOfAPanelOnItsOwn) {
  RouteInput route;
  route.query = "a question";
  route.arm_count = 2;
  route.purpose = learners::Purpose::kPanel;
  const auto decision = engine_->Route(route);
  ASSERT_TRUE(decision.ok());
  for (const std::string& arm : {decision->arm, decision->further[0].arm}) {
    FeedbackInput input;
    input.decision_id = decision->decision_id;
    input.served_arm = arm;
    input.outcome.quality = 1;
    EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
    EXPECT_EQ(OutcomesOf(arm), 1u);
  }
}

TEST_F(Feedback, RatesEachArmOfAGreedyPanelOnItsOwn) {
  RouteInput route;
  route.query = "a question";
  route.arm_count = 2;
  route.purpose = learners::Purpose::kPanel;
  route.mode = Mode::kGreedy;
  const auto decision = engine_->Route(route);
  ASSERT_TRUE(decision.ok());
  for (const std::string& arm : {decision->further[0].arm, decision->arm}) {
    FeedbackInput input;
    input.decision_id = decision->decision_id;
    input.served_arm = arm;
    input.outcome.quality = 1;
    EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
    EXPECT_EQ(OutcomesOf(arm), 1u);
  }
}

TEST_F(Feedback, OfAnErrorThenAQualityIsAnAnswerAndTheOtherWayRoundNone) {
  const RouteOutput decision = MustRoute("a question");
  FeedbackInput error;
  error.decision_id = decision.decision_id;
  error.outcome.error = true;
  ASSERT_TRUE(Tell(error).ok());
  EXPECT_EQ(TellQuality(decision.decision_id, 0.9)->result, FeedbackResult::kCorrected);
  const auto stats = [&] {
    for (const ArmStatistics& arm : Stats().arms) {
      if (arm.name == decision.arm) return arm.figures.tracker;
    }
    return learners::TrackerFigures{};
  };
  EXPECT_EQ(stats().error_rate, 0);
  EXPECT_NEAR(stats().quality, 0.9, 1e-12);
  EXPECT_EQ(Tell(error)->result, FeedbackResult::kCorrected);
  EXPECT_GT(stats().error_rate, 0.1);
  EXPECT_NEAR(stats().quality_weight, 0, 1e-12);
}

TEST_F(Feedback, IsBoundedPerDecision) {
  const RouteOutput decision = MustRoute("a question");
  for (int i = 0; i < 256; ++i) {
    FeedbackInput input;
    input.decision_id = decision.decision_id;
    input.feedback_id = std::to_string(i);
    input.outcome.latency_ms = i;
    ASSERT_TRUE(Tell(input).ok()) << i;
  }
  ExpectRefused(TellQuality(decision.decision_id, 1).status(),
                absl::StatusCode::kFailedPrecondition, reason::kLimit);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
}

TEST_F(Feedback, DoesNotJoinAnEarlierDecisionOfTheSameId) {
  const RouteOutput first = MustRoute("a question", "mine");
  ASSERT_TRUE(TellQuality("mine", 1).ok());
  clock_.Advance(8 * 86400 * kMicrosPerSecond);
  const RouteOutput second = MustRoute("a question", "mine");
  EXPECT_GT(second.snapshot_version, first.snapshot_version);
  EXPECT_EQ(TellQuality("mine", 1)->result, FeedbackResult::kApplied);
}

TEST_F(Feedback, OfAnErrorTrainsTheErrorRateAlone) {
  const RouteOutput decision = MustRoute("a question");
  FeedbackInput input;
  input.decision_id = decision.decision_id;
  input.outcome.error = true;
  ASSERT_TRUE(Tell(input).ok());
  const PoolStatistics stats = Stats();
  for (const ArmStatistics& arm : stats.arms) {
    EXPECT_EQ(arm.figures.tracker.quality_weight, 0);
    EXPECT_EQ(arm.figures.tracker.error_rate > 0, arm.name == decision.arm);
  }
}

TEST_F(Feedback, InTheSameMicrosecondAsTheAnswerJoins) {
  const Micros now = clock_.Now();
  const RouteOutput decision = MustRoute("a question");
  EXPECT_EQ(TellQuality(decision.decision_id, 1)->result, FeedbackResult::kApplied);
  EXPECT_EQ(clock_.Now(), now);
  EXPECT_EQ(OutcomesOf(decision.arm), 1u);
}

TEST_F(Feedback, AtTheLastMicrosecondOfTheWindowIsInTime) {
  const RouteOutput decision = MustRoute("a question");
  clock_.Advance(86400 * kMicrosPerSecond);
  EXPECT_EQ(TellQuality(decision.decision_id, 1, "in time")->result, FeedbackResult::kApplied);
  clock_.Advance(1);
  EXPECT_EQ(TellQuality(decision.decision_id, 0, "late")->result, FeedbackResult::kLate);
}

TEST_F(Feedback, OfAFallbacksArmsIsLearnedByEachThatWasTried) {
  RouteInput route;
  route.query = "a question";
  route.arm_count = 2;
  const auto decision = engine_->Route(route);
  ASSERT_TRUE(decision.ok());
  FeedbackInput input;
  input.decision_id = decision->decision_id;
  input.served_arm = decision->further[0].arm;
  input.outcome.quality = 1;
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
  EXPECT_EQ(OutcomesOf(decision->further[0].arm), 1u);
  EXPECT_EQ(OutcomesOf(decision->arm), 0u);
  // The first one was tried too, and has an outcome of its own.
  input.served_arm = decision->arm;
  input.feedback_id = "other";
  input.outcome = {};
  input.outcome.error = true;
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
  EXPECT_EQ(OutcomesOf(decision->arm), 1u);
}

TEST_F(Feedback, IsRefusedWhenTheQueueIsFullAndIsTakenLater) {
  EngineOptions options;
  options.limits.queue_items_max = 4;
  options.limits.writer_batch_items_max = 1;
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret), options);
  MakePool();
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(MustRoute("question " + std::to_string(i)).decision_id);
  // Given a writer that is busy with the first one.
  std::promise<void> begun, may_end;
  FeedbackInput input;
  input.outcome.quality = 1;
  input.decision_id = ids[0];
  engine_->Feedback(input, [&](const auto&) {
    begun.set_value();
    may_end.get_future().wait();
  });
  begun.get_future().wait();
  // When more come than the queue takes.
  std::atomic<int> taken{0};
  for (int i = 1; i <= 4; ++i) {
    input.decision_id = ids[static_cast<std::size_t>(i)];
    engine_->Feedback(input, [&](const auto& told) { taken += told.ok() ? 1 : 0; });
  }
  input.decision_id = ids[5];
  ExpectRefused(Tell(input).status(), absl::StatusCode::kResourceExhausted, reason::kQueueFull);
  // Then those that were taken are learned, and the one that was not may come again.
  may_end.set_value();
  while (taken < 4) std::this_thread::yield();
  EXPECT_EQ(TellQuality(ids[6], 1)->result, FeedbackResult::kApplied);
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kApplied);
  EXPECT_EQ(Stats().outcomes, 7u);
  EXPECT_EQ(Stats().feedback.refused, 1u);
}

TEST_F(Feedback, RefusesBadInputWithTheFieldsName) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const RouteOutput decision = MustRoute("a question");
  struct Bad {
    const char* field;
    std::function<void(FeedbackInput&)> spoil;
  };
  const Bad bad[] = {
      {"quality", [](FeedbackInput& in) { in.outcome.quality = 1.5; }},
      {"quality", [](FeedbackInput& in) { in.outcome.quality = -0.1; }},
      {"quality", [&](FeedbackInput& in) { in.outcome.quality = nan; }},
      {"quality", [](FeedbackInput& in) { in.outcome.quality.reset(); }},
      {"quality", [](FeedbackInput& in) { in.outcome.error = true; }},
      {"latency_ms", [](FeedbackInput& in) { in.outcome.latency_ms = -1; }},
      {"cost_usd", [](FeedbackInput& in) { in.outcome.cost_usd = 1e300; }},
      {"output_tokens", [](FeedbackInput& in) { in.outcome.output_tokens = -5; }},
      {"withdraw", [](FeedbackInput& in) { in.is_withdrawal = true; }},
      {"not_served", [](FeedbackInput& in) { in.is_not_served = true; }},
      {"error_kind",
       [](FeedbackInput& in) {
         in.outcome.error = false;
         in.outcome.error_kind = ErrorKind::kTimeout;
       }},
      {"retry_after_ms", [](FeedbackInput& in) { in.outcome.retry_after_ms = 5; }},
      {"cached_input_tokens",
       [](FeedbackInput& in) {
         in.outcome.input_tokens = 5;
         in.outcome.cached_input_tokens = 6;
       }},
      {"decision_id", [](FeedbackInput& in) { in.decision_id.clear(); }},
  };
  for (const Bad& row : bad) {
    FeedbackInput input;
    input.decision_id = decision.decision_id;
    input.outcome.quality = 1;
    row.spoil(input);
    const auto status = Tell(input).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.field << ": " << status;
    EXPECT_EQ(FieldOf(status), row.field) << status;
  }
  EXPECT_EQ(OutcomesOf(decision.arm), 0u);
}

}  // namespace
}  // namespace pointsman::engine
