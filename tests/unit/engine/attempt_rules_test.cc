// Attempts, kinds of errors, arms and imports, rule by rule, through the real engine: decisions, feedback, statistics. Each table has cases
// beside the one that a rule was made for.
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "learners/quality/quality_model.h"
#include "outcome_rules.h"

namespace pointsman::engine {
namespace {

TEST_F(OutcomeRules, B5_AllTriesOfOneCallComeInOneFeedback) {
  Pool({Named("a"), Named("b"), Named("c")});
  RouteInput route;
  route.query = "how are you";
  route.arm_count = 3;
  const auto decision = engine_->Route(route);
  ASSERT_TRUE(decision.ok());
  const std::string first = decision->arm, second = decision->further[0].arm,
                    third = decision->further[1].arm;
  FeedbackInput input;
  input.decision_id = decision->decision_id;
  input.feedback_id = "all";
  const auto failed = [](ErrorKind kind, double ms) {
    Outcome o;
    o.error = true;
    o.error_kind = kind;
    o.latency_ms = ms;
    return o;
  };
  input.attempts = {{first, failed(ErrorKind::kTimeout, 30'000)},
                    {first, failed(ErrorKind::kProvider, 100)},
                    {"somebody else", failed(ErrorKind::kProvider, 10)},
                    {second, {}}};
  input.outcome.quality = 0.8;
  input.outcome.latency_ms = 700;
  const auto told = Tell(input);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->result, FeedbackResult::kApplied);
  EXPECT_EQ(told->notes.size(), 1u);
  EXPECT_EQ(OutcomesOf(first), 2u);
  EXPECT_EQ(OutcomesOf(second), 1u);
  EXPECT_EQ(OutcomesOf(third), 0u);
  EXPECT_NEAR(StatsOf(first).figures.tracker.error_rate, 2.0 / 6, 0.01);
  EXPECT_NEAR(StatsOf(second).figures.tracker.quality, 0.8, 1e-12);
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kAlreadyApplied);
  EXPECT_EQ(OutcomesOf(first), 2u);
  // What comes later without a name is about the arm that served.
  FeedbackInput cost;
  cost.decision_id = decision->decision_id;
  cost.outcome.cost_usd = 0.01;
  EXPECT_EQ(Tell(cost)->result, FeedbackResult::kMerged);
  EXPECT_EQ(OutcomesOf(second), 1u);
}

TEST_F(OutcomeRules, B5_TheLastAttemptsOwnFieldsStandWhereTheFeedbackSaysNone) {
  Pool({Named("a")});
  FeedbackInput input;
  input.decision_id = DecisionOf("a");
  Outcome limited;
  limited.error = true;
  limited.error_kind = ErrorKind::kRateLimited;
  limited.retry_after_ms = 60'000;
  input.attempts = {{"a", limited}};
  ASSERT_TRUE(Tell(input).ok());
  EXPECT_EQ(StatsOf("a").figures.tracker.rate_limited_until, clock_.Now() + 60 * kMicrosPerSecond);
}

TEST_F(OutcomeRules, B5_AFallbackThatEndsOutsideThePoolTeachesItsFailures) {
  Pool({Named("a"), Named("b")});
  RouteInput route;
  route.query = "how are you";
  route.arm_count = 2;
  const auto decision = engine_->Route(route);
  ASSERT_TRUE(decision.ok());
  FeedbackInput input;
  input.decision_id = decision->decision_id;
  input.attempts = {
      {decision->arm, Error(100)}, {decision->further[0].arm, Error(200)}, {"a person", {}}};
  input.outcome.quality = 1;
  EXPECT_EQ(Tell(input)->result, FeedbackResult::kClosed);
  EXPECT_GT(StatsOf("a").figures.tracker.error_rate, 0.1);
  EXPECT_GT(StatsOf("b").figures.tracker.error_rate, 0.1);
  // Who served may be said alone.
  FeedbackInput elsewhere;
  elsewhere.decision_id = DecisionOf("a");
  elsewhere.served_arm = "another person";
  EXPECT_EQ(Tell(elsewhere)->result, FeedbackResult::kClosed);
}

TEST_F(OutcomeRules, B6_ErrorsHaveKinds) {
  struct Case {
    ErrorKind kind;
    bool is_failure, is_limit;
  };
  for (const Case& c :
       {Case{ErrorKind::kProvider, true, false}, Case{ErrorKind::kTimeout, true, false},
        Case{ErrorKind::kRateLimited, false, true}, Case{ErrorKind::kCaller, false, false},
        Case{ErrorKind::kContentFilter, false, false}, Case{ErrorKind::kCancelled, false, false}}) {
    for (const char* model : learners::QualityModelNames()) {
      OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
      PoolSettings settings;
      settings.learner.quality_model = model;
      settings.learner.forget_outcomes = 0;
      Pool({Named("a")}, settings);
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(TellOf(DecisionOf("a"), Answer(1, 100)).ok());
      const learners::QualityEstimate level = StatsOf("a").figures.level;
      std::vector<std::string> decisions;
      for (int i = 0; i < 5; ++i) decisions.push_back(DecisionOf("a"));
      for (const std::string& decision : decisions) {
        Outcome o;
        o.error_kind = c.kind;  // which implies `error`
        ASSERT_TRUE(TellOf(decision, o).ok());
      }
      const learners::ArmFigures figures = StatsOf("a").figures;
      EXPECT_EQ(figures.tracker.error_rate > 0.1, c.is_failure) << model;
      EXPECT_EQ(figures.tracker.rate_limited_until > 0, c.is_limit) << model;
      if (std::string(model) != "ema") {
        EXPECT_NEAR(figures.level.mean, level.mean, 1e-9) << model;
      }
    }
  }
}

TEST_F(OutcomeRules, B7_NumbersWithinAnUlpOfABoundAreOnIt) {
  Pool({Named("a")});
  struct Case {
    double quality;
    bool is_taken;
  };
  for (const Case& c : {Case{1.0000000000000002, true}, Case{-1e-17, true}, Case{1 + 1e-8, false},
                        Case{-1e-8, false}, Case{std::nan(""), false}, Case{1.1, false}}) {
    Outcome o;
    o.quality = c.quality;
    EXPECT_EQ(TellOf(DecisionOf("a"), o).ok(), c.is_taken) << c.quality;
  }
}

TEST_F(OutcomeRules, C2_ANewModelUnderAnOldNameStartsFresh) {
  for (const char* model : learners::QualityModelNames()) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.learner.quality_model = model;
    Pool({Named("a"), Named("b")}, settings);
    const std::string old_decision = DecisionOf("a");
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(TellOf(DecisionOf("a"), Answer(0, 5000)).ok());
    ArmEdit edit;
    edit.name = "a";
    edit.edit = [](Arm arm) {
      arm.version = "2";
      return absl::StatusOr<Arm>(arm);
    };
    const auto put = Await<PutArmOutput>(
        [&](auto done) { engine_->PutArm("default", edit, "test", std::move(done)); });
    ASSERT_TRUE(put.ok()) << put.status();
    const learners::ArmFigures fresh = StatsOf("a").figures, untouched = StatsOf("b").figures;
    EXPECT_EQ(fresh.outcomes, 0u) << model;
    EXPECT_NEAR(fresh.level.mean, untouched.level.mean, 0.25) << model;
    EXPECT_FALSE(fresh.expected.is_latency_known);
    // What the old one did teaches the new one nothing.
    const auto late = TellOf(old_decision, Answer(0, 100));
    ASSERT_TRUE(late.ok());
    EXPECT_EQ(late->result, FeedbackResult::kLate);
    EXPECT_EQ(StatsOf("a").figures.outcomes, 0u);
    // Or it starts from what another one learned.
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(TellOf(DecisionOf("b"), Answer(1, 300)).ok());
    edit.edit = [](Arm arm) { return absl::StatusOr<Arm>(arm); };
    edit.is_reset = true;
    edit.inherit_from = "b";
    edit.inherit_strength = 5;
    ASSERT_TRUE(Await<PutArmOutput>([&](auto done) {
                  engine_->PutArm("default", edit, "test", std::move(done));
                }).ok());
    EXPECT_GT(StatsOf("a").figures.level.mean, 0.85) << model;
    EXPECT_NEAR(StatsOf("a").figures.expected.latency_ms, 300, 60) << model;
  }
}

TEST_F(OutcomeRules, C3_FeaturesCanBeAdded) {
  for (const char* model : learners::QualityModelNames()) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.learner.quality_model = model;
    settings.features = {{"length", 10, 10, 0.3}};
    Pool({Named("a"), Named("b")}, settings);
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(TellOf(DecisionOf(i % 2 == 0 ? "a" : "b"), Answer(i % 2, 100)).ok());
    }
    const std::string before = DecisionOf("a");
    const learners::QualityEstimate level = StatsOf("a").figures.level;
    using Made = PutPoolOutput;
    const auto put = Await<Made>([&](auto done) {
      engine_->PutPool(
          "default",
          [](PoolSettings s) {
            s.features.push_back({"entropy", 0, 1, 0.3});
            return s;
          },
          {}, false, std::move(done));
    });
    ASSERT_TRUE(put.ok()) << model << put.status();
    EXPECT_NEAR(StatsOf("a").figures.level.mean, level.mean, 1e-9) << model;
    ASSERT_TRUE(TellOf(before, Answer(1, 100)).ok()) << model;
    for (int i = 0; i < 40; ++i) {
      RouteInput input;
      input.query = "how are you";
      input.features = {{"entropy", 0.5}, {"length", 3}};
      const auto output = engine_->Route(input);
      ASSERT_TRUE(output.ok()) << output.status();
      ASSERT_TRUE(TellOf(output->decision_id, Answer(1, 100)).ok()) << model;
    }
  }
}

TEST_F(OutcomeRules, C5_TiesAreSpread) {
  Pool({Named("a"), Named("b"), Named("c"), Named("d")});
  std::map<std::string, int> greedy, second;
  for (int i = 0; i < 400; ++i) {
    RouteInput input;
    input.query = "how are you";
    input.mode = Mode::kGreedy;
    ++greedy[engine_->Route(input)->arm];
    input.mode = Mode::kExplore;
    input.arm_count = 2;
    ++second[engine_->Route(input)->further[0].arm];
  }
  EXPECT_EQ(greedy.size(), 4u);
  EXPECT_EQ(second.size(), 4u);
  for (const auto& [arm, count] : greedy) EXPECT_NEAR(count, 100, 45) << arm;
  for (const auto& [arm, count] : second) EXPECT_NEAR(count, 100, 45) << arm;
}

TEST_F(OutcomeRules, D_AnImportCanBeUndone) {
  for (const char* model : learners::QualityModelNames()) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.learner.quality_model = model;
    settings.learner.forget_outcomes = 0;
    Pool({Named("a"), Named("b")}, settings);
    for (int i = 0; i < 32; ++i) {
      ASSERT_TRUE(TellOf(DecisionOf(i % 2 == 0 ? "a" : "b"), Answer(i % 2, 100)).ok());
    }
    const learners::ArmFigures before = StatsOf("a").figures;
    const uint64_t experience = Stats().experience_size;
    ImportPlan plan{"default", "bench", 20, 50, {}};
    std::vector<ImportedQuery> chunk(20);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      chunk[i].index = i;
      chunk[i].query = absl::StrCat("question ", i);
      Outcome o = Answer(1, 9000);
      o.cost_usd = 1;
      chunk[i].outcomes = {{"a", o}, {"b", o}};
    }
    const auto import = [&] {
      return Await<ImportOutput>([&](auto done) { engine_->Import(plan, chunk, std::move(done)); });
    };
    ASSERT_TRUE(import().ok());
    EXPECT_GT(StatsOf("a").figures.level.mean, before.level.mean + 0.1) << model;
    const auto undo = [&](const std::string& id) {
      return Await<UndoOutput>(
          [&](auto done) { engine_->UndoImport("default", id, std::move(done)); });
    };
    EXPECT_EQ(ReasonOf(undo("other").status()), reason::kImportUnknown);
    const auto undone = undo("bench");
    ASSERT_TRUE(undone.ok()) << undone.status();
    EXPECT_EQ(undone->outcomes, 40u);
    EXPECT_EQ(undone->queries, 20u);
    const learners::ArmFigures after = StatsOf("a").figures;
    const double tolerance = std::string(model).starts_with("hybrid") ? 0.03 : 1e-6;
    // What was there before has faded by the import's 100 outcomes, for a learner that forgets.
    if (std::string(model) != "ema") {
      EXPECT_NEAR(after.level.mean, before.level.mean, tolerance) << model;
    }
    EXPECT_NEAR(after.expected.latency_ms, before.expected.latency_ms, 5) << model;
    EXPECT_FALSE(after.expected.is_cost_known) << model;
    EXPECT_NEAR(after.tracker.quality, before.tracker.quality, 1e-9) << model;
    EXPECT_GE(Stats().experience_size, experience);
    EXPECT_EQ(undo("bench")->outcomes, 0u);
    // It can be imported again.
    const auto again = import();
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->outcomes_learned, 40u) << model;
  }
}

TEST_F(OutcomeRules, B5_AllCallsOfAnArmAreTakenBackTogether) {
  for (const char* model : learners::QualityModelNames()) {
    for (const bool is_not_served : {false, true}) {
      OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
      PoolSettings settings;
      settings.learner.quality_model = model;
      Pool({Named("a"), Named("b")}, settings);
      FeedbackInput feedback;
      feedback.decision_id = DecisionOf("a");
      feedback.attempts = {{"a", Error(100)}, {"a", Error(30'000)}, {"a", Answer(1, 500)}};
      ASSERT_TRUE(Tell(feedback).ok());
      EXPECT_GT(StatsOf("a").figures.tracker.error_rate, 0.2);
      FeedbackInput closing;
      closing.decision_id = feedback.decision_id;
      closing.is_withdrawal = !is_not_served;
      closing.is_not_served = is_not_served;
      ASSERT_TRUE(Tell(closing).ok());
      EXPECT_NEAR(StatsOf("a").figures.tracker.error_rate, 0, 1e-9) << model;
      EXPECT_EQ(StatsOf("a").figures.tracker.quality_weight, 0) << model;
    }
  }
}

TEST_F(OutcomeRules, B5_AListOfAttemptsTakesThePlaceOfALongerOne) {
  Pool({Named("a"), Named("b")});
  FeedbackInput longer, shorter, alone;
  longer.decision_id = shorter.decision_id = DecisionOf("a");
  longer.attempts = {{"a", Error(100)}, {"a", Error(100)}, {"a", Answer(1, 500)}};
  shorter.attempts = {{"a", Error(100)}, {"a", Answer(1, 500)}};
  ASSERT_TRUE(Tell(longer).ok());
  ASSERT_TRUE(Tell(shorter).ok());
  alone.decision_id = DecisionOf("b");
  alone.attempts = {{"b", Error(100)}, {"b", Answer(1, 500)}};
  ASSERT_TRUE(Tell(alone).ok());
  EXPECT_NEAR(StatsOf("a").figures.tracker.error_rate, StatsOf("b").figures.tracker.error_rate,
              1e-3);
}

TEST_F(OutcomeRules, B5_AnArmIsTheSameUnderItsNameAndItsAlias) {
  Arm arm = Named("a");
  arm.aliases = {"al"};
  Pool({arm, Named("b")});
  const std::vector<std::vector<std::string>> orders = {{"al", "a"}, {"a", "al"}, {"a", "a"}};
  std::vector<double> rates;
  for (const auto& names : orders) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    Pool({arm, Named("b")});
    FeedbackInput feedback;
    feedback.decision_id = DecisionOf("a");
    feedback.served_arm = "a";
    feedback.attempts = {{names[0], Error(100)}, {names[1], Answer(1, 500)}};
    ASSERT_TRUE(Tell(feedback).ok()) << names[0];
    rates.push_back(StatsOf("a").figures.tracker.error_rate);
    EXPECT_EQ(StatsOf("a").figures.outcomes, 2u);
  }
  EXPECT_EQ(rates[0], rates[2]);
  EXPECT_EQ(rates[1], rates[2]);
}

TEST_F(OutcomeRules, C2_WhatAnOldVersionDidIsNoOutcomeOfTheNewOne) {
  Pool({Named("a"), Named("b")});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(TellOf(DecisionOf("a"), Answer(1, 100)).ok());
  ArmEdit edit;
  edit.name = "a";
  edit.edit = [](Arm arm) {
    arm.version = "2";
    return absl::StatusOr<Arm>(arm);
  };
  ASSERT_TRUE(Await<PutArmOutput>([&](auto done) {
                engine_->PutArm("default", edit, "test", std::move(done));
              }).ok());
  ASSERT_TRUE(TellOf(DecisionOf("a"), Answer(0, 900)).ok());
  const auto page = engine_->ReadOutcomes("default", 1, 1000);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->outcomes.size(), 6u);
  ASSERT_EQ(page->resets.size(), 1u);  // between what the old one did and what the new one did
  EXPECT_EQ(page->resets.front().arm, "a");
  EXPECT_LT(page->outcomes[4].sequence, page->resets.front().sequence);
  EXPECT_GT(page->outcomes[5].sequence, page->resets.front().sequence);
  EXPECT_EQ(page->outcomes[5].event.outcome.quality, 0);
}

}  // namespace
}  // namespace pointsman::engine
