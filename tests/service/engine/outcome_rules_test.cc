// What outcomes mean, rule by rule, through the real engine: decisions, feedback, statistics. Each table has
// cases beside the one that a rule was made for.
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "learners/quality_model.h"
#include "tests/support/engine_fixture.h"

namespace pointsman {
namespace {

// What an arm's calls do, by the number of the call.
using Behaviour = std::function<Outcome(int call)>;

Outcome Answer(double quality, double latency_ms) {
  Outcome o;
  o.quality = quality;
  o.latency_ms = latency_ms;
  return o;
}
Outcome Error(std::optional<double> latency_ms = {}) {
  Outcome o;
  o.error = true;
  o.latency_ms = latency_ms;
  return o;
}

class OutcomeRules : public EngineFixture {
 protected:
  void SetUp() override { OpenWith(OpenMemoryStorage(kTestSecret)); }

  void Pool(std::vector<Arm> arms, PoolSettings settings = {}) {
    using Made = std::pair<PoolInfo, bool>;
    const auto made = Await<Made>([&](auto done) {
      engine_->PutPool(
          "default", [=](const PoolSettings&) { return settings; }, arms, true, std::move(done));
    });
    ASSERT_TRUE(made.ok()) << made.status();
  }
  static Arm Named(const std::string& name) {
    Arm arm;
    arm.name = name;
    return arm;
  }

  // Plays rounds of one query; how often each arm was called, from `counted_from` on.
  std::map<std::string, int> Play(int rounds, const Preference& preference,
                                  const std::map<std::string, Behaviour>& arms,
                                  int counted_from = 0) {
    std::map<std::string, int> counts;
    for (int i = 0; i < rounds; ++i) {
      RouteInput input;
      input.query = "how are you";
      input.preference = preference;
      const auto output = engine_->Route(input);
      if (!output.ok()) {
        ADD_FAILURE() << output.status();
        return counts;
      }
      clock_.Advance(kMicrosPerSecond);
      FeedbackInput feedback;
      feedback.decision_id = output->decision_id;
      feedback.outcome = arms.at(output->arm)(calls_[output->arm]++);
      EXPECT_TRUE(Tell(feedback).ok());
      if (i >= counted_from) ++counts[output->arm];
    }
    return counts;
  }

  std::map<std::string, ArmExpectation> Expected(const std::string& query = "how are you") {
    RouteInput input;
    input.query = query;
    input.explain = true;
    input.mode = Mode::kGreedy;
    const auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    std::map<std::string, ArmExpectation> expected;
    if (!output.ok()) return expected;
    for (const RankedArm& arm : output->ranking) expected[arm.arm] = arm.expected;
    return expected;
  }
  ArmStatistics StatsOf(const std::string& name) {
    for (ArmStatistics& arm : Stats().arms) {
      if (arm.name == name) return arm;
    }
    ADD_FAILURE() << name;
    return {};
  }
  // A decision for the arm, by constraint.
  std::string DecisionOf(const std::string& arm, const std::string& query = "how are you") {
    RouteInput input;
    input.query = query;
    input.constraints.allow_arms = {arm};
    const auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? output->decision_id : "";
  }
  absl::StatusOr<FeedbackOutput> TellOf(const std::string& decision, Outcome outcome) {
    FeedbackInput input;
    input.decision_id = decision;
    input.outcome = std::move(outcome);
    return Tell(input);
  }

  std::map<std::string, int> calls_;
};

TEST_F(OutcomeRules, A1_AnArmThatOnlyFailsGetsFewCalls) {
  struct Case {
    const char* what;
    Preference preference;
    Outcome failure;
  };
  const Case cases[] = {
      {"a failure of 30 s", {0.2, 0, 0.8}, Error(30'000)},
      {"a failure of 5 ms", {0.2, 0, 0.8}, Error(5)},
      {"a failure of no known length", {0.2, 0, 0.8}, Error()},
      {"latency alone, 30 s", {0, 0, 1}, Error(30'000)},
      {"latency alone, 5 ms", {0, 0, 1}, Error(5)},
      {"cost alone", {0, 1, 0}, Error()},
  };
  for (const char* model : QualityModelNames()) {
    for (const Case& c : cases) {
      SCOPED_TRACE(absl::StrCat(model, ": ", c.what));
      OpenWith(OpenMemoryStorage(kTestSecret));
      calls_.clear();
      PoolSettings settings;
      settings.learner.quality_model = model;
      Arm good = Named("good"), dead = Named("dead");
      for (Arm* arm : {&good, &dead}) arm->usd_per_1m_input = arm->usd_per_1m_output = 10;
      Pool({good, dead}, settings);
      const auto counts = Play(120, c.preference,
                               {{"good", [](int) { return Answer(1, 800); }},
                                {"dead", [&](int) { return c.failure; }}});
      EXPECT_LT(counts.count("dead") ? counts.at("dead") : 0, 40);
    }
  }
}

TEST_F(OutcomeRules, A2_UnknownIsNotZero) {
  Arm priced = Named("priced"), mystery = Named("mystery"), half = Named("half");
  priced.usd_per_1m_input = priced.usd_per_1m_output = 10;
  half.usd_per_1m_input = 0.001;
  Pool({priced, mystery, half});
  const auto expected = Expected();
  EXPECT_TRUE(expected.at("priced").is_cost_known);
  EXPECT_FALSE(expected.at("mystery").is_cost_known);
  EXPECT_FALSE(expected.at("half").is_cost_known);
  // In the utility an unknown cost is a typical one.
  EXPECT_NEAR(expected.at("mystery").cost_usd, expected.at("priced").cost_usd, 1e-12);
  EXPECT_GT(expected.at("mystery").cost_stddev_usd, 0);
  EXPECT_FALSE(expected.at("priced").is_latency_known);
  // It is explored, and known then.
  const auto counts = Play(60, {0.1, 0.9, 0},
                           {{"priced", [](int) { return Answer(1, 100); }},
                            {"mystery",
                             [](int) {
                               Outcome o = Answer(1, 100);
                               o.cost_usd = 0.0001;
                               return o;
                             }},
                            {"half", [](int) { return Answer(1, 100); }}},
                           20);
  EXPECT_TRUE(Expected().at("mystery").is_cost_known);
  EXPECT_NEAR(Expected().at("mystery").cost_usd, 0.0001, 2e-5);
  EXPECT_GT(counts.at("mystery"), 25);
}

TEST_F(OutcomeRules, A1_WhatFailedCallsCostCountsWhereNoPriceIsKnown) {
  Pool({Named("good"), Named("dead")});
  const auto cost = [](Outcome o, double usd) {
    o.cost_usd = usd;
    return o;
  };
  const auto counts = Play(200, {0.2, 0.8, 0},
                           {{"good", [&](int) { return cost(Answer(1, 100), 0.005); }},
                            {"dead", [&](int) { return cost(Error(100), 0.2); }}});
  EXPECT_LT(counts.at("dead"), 30);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(TellOf(DecisionOf("dead"), cost(Error(100), 0.2)).ok());
  // It has never answered, so what an answer costs is not known; it is no way around a limit.
  RouteInput input;
  input.query = "how are you";
  input.constraints.max_cost_usd = 0.01;
  input.constraints.max_latency_ms = 1000;
  input.constraints.allow_unknown = true;
  input.explain = true;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(engine_->Route(input)->arm, "good");
}

TEST_F(OutcomeRules, A2_ABelievedLatencyIsTypicalUntilOneIsKnown) {
  Arm believed = Named("believed");
  believed.prior_latency_ms = 5000;
  Pool({believed, Named("mystery")});
  const auto expected = Expected();
  EXPECT_NEAR(expected.at("mystery").latency_ms, 5000, 1);
  EXPECT_FALSE(expected.at("mystery").is_latency_known);
  EXPECT_TRUE(expected.at("believed").is_latency_known);
}

TEST_F(OutcomeRules, A3_AColdStartIsForgiven) {
  Pool({Named("cold"), Named("steady")});
  const auto counts = Play(600, {0.05, 0, 0.95},
                           {{"cold", [](int n) { return Answer(1, n == 0 ? 60'000 : 200); }},
                            {"steady", [](int) { return Answer(1, 1500); }}},
                           400);
  EXPECT_GT(counts.at("cold"), 150);
}

TEST_F(OutcomeRules, A3_TheFasterOfTwoArmsIsFound) {
  for (const double other : {600.0, 1200.0}) {
    OpenWith(OpenMemoryStorage(kTestSecret));
    calls_.clear();
    Pool({Named("a"), Named("b")});
    const auto spread = [](double ms) {
      return [ms](int n) { return Answer(1, ms * (n % 3 == 0 ? 1.5 : n % 3 == 1 ? 0.7 : 0.95)); };
    };
    const auto counts =
        Play(400, {0, 0, 1}, {{"a", spread(other)}, {"b", spread(400)}}, 200);
    EXPECT_GT(counts.at("b"), 170) << other;
  }
}

TEST_F(OutcomeRules, A4_ReportedTokensAndCostsAreBelieved) {
  Arm arm = Named("a");
  arm.usd_per_1m_input = 1;
  arm.usd_per_1m_output = 0;
  Pool({arm});
  for (int i = 0; i < 8; ++i) {
    Outcome o = Answer(1, 100);
    o.input_tokens = 100'000;
    ASSERT_TRUE(TellOf(MustRoute("hi").decision_id, o).ok());
  }
  EXPECT_NEAR(Expected("hi").at("a").input_tokens, 100'000, 5000);
  EXPECT_NEAR(Expected("hi").at("a").cost_usd, 0.1, 0.005);
  // Statistics say what Route expects.
  EXPECT_NEAR(StatsOf("a").figures.expected.cost_usd, Expected("hi").at("a").cost_usd, 1e-9);
}

TEST_F(OutcomeRules, A6_RouteExpectsWhatStatisticsShowAfterAnyTime) {
  Arm arm = Named("a");
  arm.usd_per_1m_input = arm.usd_per_1m_output = 5;
  Pool({arm, Named("b")});
  for (int i = 0; i < 30; ++i) {
    Outcome o = i % 5 == 0 ? Error(3000) : Answer(0.7, 900);
    o.cost_usd = 0.002;
    ASSERT_TRUE(TellOf(DecisionOf("a"), o).ok());
  }
  for (const int64_t days : {0, 1, 30, 400}) {
    clock_.Advance(days * 86400 * kMicrosPerSecond);
    const ArmExpectation route = Expected().at("a"), shown = StatsOf("a").figures.expected;
    EXPECT_NEAR(route.latency_ms, shown.latency_ms, 1e-6 * shown.latency_ms) << days;
    EXPECT_NEAR(route.cost_usd, shown.cost_usd, 1e-9) << days;
    EXPECT_NEAR(route.error_rate, shown.error_rate, 1e-12) << days;
  }
  EXPECT_LT(Expected().at("a").error_rate, 0.01);
}

TEST_F(OutcomeRules, A6_AnArmIsFoundAgainAfterAnOutage) {
  struct Case {
    const char* what;
    Outcome failure;
    int before, outage;
  };
  for (const Case& c : {Case{"errors", Error(1000), 200, 40}, Case{"errors at once", Error(5), 0, 40},
                        Case{"slow errors", Error(30'000), 200, 40},
                        Case{"quality 0", Answer(0, 500), 200, 40},
                        Case{"a long outage", Error(1000), 200, 400}}) {
    SCOPED_TRACE(c.what);
    OpenWith(OpenMemoryStorage(kTestSecret));
    calls_.clear();
    Pool({Named("best"), Named("other")});
    const auto best = [&](int n) {
      return n >= c.before && n < c.before + c.outage ? c.failure : Answer(1, 500);
    };
    const std::map<std::string, Behaviour> arms = {
        {"best", best}, {"other", [](int n) { return Answer(n % 2, 500); }}};
    int rounds = 0;
    while (calls_["best"] < c.before + c.outage && rounds < 20'000) {
      Play(20, {1, 0, 0}, arms);
      rounds += 20;
    }
    ASSERT_LT(rounds, 20'000);
    // From then on it is healthy.
    const auto counts = Play(1500, {1, 0, 0}, arms, 1200);
    EXPECT_GT(counts.count("best") ? counts.at("best") : 0, 200);
  }
}

TEST_F(OutcomeRules, A7_FirstTokenAndTotalAreTwoLatencies) {
  Pool({Named("quick"), Named("short")});
  const auto timed = [](double first, double total) {
    return [=](int) {
      Outcome o = Answer(1, total);
      o.first_token_ms = first;
      return o;
    };
  };
  Play(80, {1, 0, 0}, {{"quick", timed(100, 5000)}, {"short", timed(900, 1000)}});
  for (const auto& [kind, best] :
       {std::pair{LatencyKind::kFirstToken, "quick"}, std::pair{LatencyKind::kTotal, "short"}}) {
    RouteInput input;
    input.query = "how are you";
    input.preference = Preference{0, 0, 1};
    input.mode = Mode::kGreedy;
    input.latency_kind = kind;
    EXPECT_EQ(engine_->Route(input)->arm, best);
  }
}

TEST_F(OutcomeRules, A8_ExpectedQualityIsAMeanUnderEveryLearner) {
  for (const char* model : QualityModelNames()) {
    OpenWith(OpenMemoryStorage(kTestSecret));
    calls_.clear();
    PoolSettings settings;
    settings.learner.quality_model = model;
    Pool({Named("a"), Named("b")}, settings);
    Play(400, {1, 0, 0},
         {{"a", [](int n) { return Answer(n % 2, 100); }},
          {"b", [](int n) { return Answer(n % 2, 100); }}});
    for (const auto& [name, e] : Expected()) {
      if (calls_[name] < 60) continue;
      EXPECT_NEAR(e.quality, 0.5, 0.06) << model << name;
    }
  }
}

TEST_F(OutcomeRules, B1_NoSequenceOfWordsLeavesMoreThanItsLast) {
  struct Case {
    const char* what;
    std::vector<Outcome> words;
    Outcome last;
  };
  const auto latency = [](double ms) {
    Outcome o;
    o.latency_ms = ms;
    return o;
  };
  const auto quality = [](double q) {
    Outcome o;
    o.quality = q;
    return o;
  };
  const Case cases[] = {
      {"an error of 30 s, then 1 s", {Error(30'000), latency(1000)}, Error(1000)},
      {"an error, then an answer", {Error(30'000), Answer(1, 900)}, Answer(1, 900)},
      {"an answer, then an error", {Answer(1, 900), Error()}, Error(900)},
      {"there and back", {Answer(1, 900), Error(), quality(0.5)}, Answer(0.5, 900)},
      {"a slip of the pen", {latency(900'000), latency(900), quality(1)}, Answer(1, 900)},
  };
  for (const char* model : QualityModelNames()) {
    for (const Case& c : cases) {
      SCOPED_TRACE(absl::StrCat(model, ": ", c.what));
      std::vector<ArmFigures> figures;
      for (const bool at_once : {false, true}) {
        OpenWith(OpenMemoryStorage(kTestSecret));
        PoolSettings settings;
        settings.learner.quality_model = model;
        Pool({Named("a"), Named("b")}, settings);
        const std::string decision = DecisionOf("a");
        const std::vector<Outcome> words = at_once ? std::vector<Outcome>{c.last} : c.words;
        for (const Outcome& word : words) {
          ASSERT_TRUE(TellOf(decision, word).ok());
          if (at_once) break;
          for (int i = 0; i < 40; ++i) {
            ASSERT_TRUE(TellOf(DecisionOf("b"), Answer(0.5, 100)).ok());
          }
        }
        if (at_once) {
          for (std::size_t i = 0; i < 40 * c.words.size(); ++i) {
            ASSERT_TRUE(TellOf(DecisionOf("b"), Answer(0.5, 100)).ok());
          }
        }
        figures.push_back(StatsOf("a").figures);
      }
      EXPECT_NEAR(figures[0].expected.latency_ms, figures[1].expected.latency_ms, 1e-3);
      EXPECT_NEAR(figures[0].tracker.quality, figures[1].tracker.quality, 1e-9);
      EXPECT_NEAR(figures[0].tracker.quality_weight, figures[1].tracker.quality_weight, 1e-9);
      EXPECT_NEAR(figures[0].tracker.error_rate, figures[1].tracker.error_rate, 1e-9);
      // What the arms of a hybrid share follows their outcomes on a schedule.
      const bool is_hybrid = std::string(model).starts_with("hybrid");
      EXPECT_NEAR(figures[0].level.mean, figures[1].level.mean, is_hybrid ? 2e-3 : 1e-6);
      EXPECT_GE(figures[0].expected.latency_ms, 0);
    }
  }
}

TEST_F(OutcomeRules, B2_TheLastWordWinsAndCanBeWithdrawn) {
  Pool({Named("a")});
  const std::string decision = DecisionOf("a");
  for (const double q : {1.0, 0.0, 1.0}) {
    Outcome o;
    o.quality = q;
    ASSERT_TRUE(TellOf(decision, o).ok());
  }
  EXPECT_NEAR(StatsOf("a").figures.tracker.quality, 1, 1e-12);
  EXPECT_EQ(StatsOf("a").figures.outcomes, 1u);
  FeedbackInput withdraw;
  withdraw.decision_id = decision;
  withdraw.is_withdrawal = true;
  EXPECT_EQ(Tell(withdraw)->result, FeedbackResult::kCorrected);
  EXPECT_EQ(StatsOf("a").figures.tracker.quality_weight, 0);
  EXPECT_EQ(Tell(withdraw)->result, FeedbackResult::kAlreadyApplied);
  // By their own times, whichever arrives first.
  const std::string timed = DecisionOf("a");
  FeedbackInput later, earlier;
  later.decision_id = earlier.decision_id = timed;
  later.outcome.quality = 0.9, later.at = 2000 * kMicrosPerMs;
  earlier.outcome.quality = 0.1, earlier.at = 1000 * kMicrosPerMs;
  earlier.outcome.latency_ms = 50;
  ASSERT_TRUE(Tell(later).ok());
  EXPECT_EQ(Tell(earlier)->result, FeedbackResult::kMerged);  // its latency is news
  EXPECT_NEAR(StatsOf("a").figures.tracker.quality, 0.9, 1e-12);
}

TEST_F(OutcomeRules, B3_WhatWasNotLearnedCanBeSentAgain) {
  PoolSettings settings;
  settings.feedback_window = 100 * kMicrosPerSecond;
  Pool({Named("a")}, settings);
  const std::string decision = DecisionOf("a");
  clock_.Advance(200 * kMicrosPerSecond);
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kLate);
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kLate);
  EXPECT_EQ(OutcomesOf("a"), 0u);
  using Made = std::pair<PoolInfo, bool>;
  ASSERT_TRUE(Await<Made>([&](auto done) {
                engine_->PutPool(
                    "default",
                    [](PoolSettings s) {
                      s.feedback_window = 1000 * kMicrosPerSecond;
                      return s;
                    },
                    {}, false, std::move(done));
              }).ok());
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kApplied);
  EXPECT_EQ(TellQuality(decision, 1, "id")->result, FeedbackResult::kAlreadyApplied);
  EXPECT_EQ(OutcomesOf("a"), 1u);
}

TEST_F(OutcomeRules, B4_ADecisionThatWasNotCarriedOutIsClosed) {
  PoolSettings settings;
  settings.feedback_window = 100 * kMicrosPerSecond;
  settings.missing_feedback = MissingFeedback::kQuality;
  settings.missing_quality = 0;
  Pool({Named("a"), Named("b")}, settings);
  FeedbackInput not_served;
  not_served.decision_id = DecisionOf("a");
  not_served.is_not_served = true;
  EXPECT_EQ(Tell(not_served)->result, FeedbackResult::kClosed);
  EXPECT_EQ(Tell(not_served)->result, FeedbackResult::kAlreadyApplied);
  FeedbackInput elsewhere;
  elsewhere.decision_id = DecisionOf("a");
  elsewhere.served_arm = "a person";
  elsewhere.outcome.quality = 1;
  const auto closed = Tell(elsewhere);
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->result, FeedbackResult::kClosed);
  EXPECT_EQ(closed->notes.size(), 1u);
  DecisionOf("b");  // nobody says anything of this one
  clock_.Advance(300 * kMicrosPerSecond);
  DecisionOf("b");
  FeedbackInput any;
  any.decision_id = DecisionOf("b");
  any.outcome.latency_ms = 5;
  ASSERT_TRUE(Tell(any).ok());  // the writer judges
  EXPECT_EQ(Stats().missing, 1u);
  EXPECT_EQ(OutcomesOf("a"), 0u);
}

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
  input.attempts = {{decision->arm, Error(100)},
                    {decision->further[0].arm, Error(200)},
                    {"a person", {}}};
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
    for (const char* model : QualityModelNames()) {
      OpenWith(OpenMemoryStorage(kTestSecret));
      PoolSettings settings;
      settings.learner.quality_model = model;
      Pool({Named("a")}, settings);
      for (int i = 0; i < 5; ++i) ASSERT_TRUE(TellOf(DecisionOf("a"), Answer(1, 100)).ok());
      const QualityEstimate level = StatsOf("a").figures.level;
      std::vector<std::string> decisions;
      for (int i = 0; i < 5; ++i) decisions.push_back(DecisionOf("a"));
      for (const std::string& decision : decisions) {
        Outcome o;
        o.error_kind = c.kind;  // which implies `error`
        ASSERT_TRUE(TellOf(decision, o).ok());
      }
      const ArmFigures figures = StatsOf("a").figures;
      EXPECT_EQ(figures.tracker.error_rate > 0.1, c.is_failure) << model;
      EXPECT_EQ(figures.tracker.rate_limited_until > 0, c.is_limit) << model;
      if (settings.learner.forget_outcomes == 0 && std::string(model) != "ema") {
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
  for (const char* model : QualityModelNames()) {
    OpenWith(OpenMemoryStorage(kTestSecret));
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
    const ArmFigures fresh = StatsOf("a").figures, untouched = StatsOf("b").figures;
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
  for (const char* model : QualityModelNames()) {
    OpenWith(OpenMemoryStorage(kTestSecret));
    PoolSettings settings;
    settings.learner.quality_model = model;
    settings.features = {{"length", 10, 10, 0.3}};
    Pool({Named("a"), Named("b")}, settings);
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(TellOf(DecisionOf(i % 2 == 0 ? "a" : "b"), Answer(i % 2, 100)).ok());
    }
    const std::string before = DecisionOf("a");
    const QualityEstimate level = StatsOf("a").figures.level;
    using Made = std::pair<PoolInfo, bool>;
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
  for (const char* model : QualityModelNames()) {
    OpenWith(OpenMemoryStorage(kTestSecret));
    PoolSettings settings;
    settings.learner.quality_model = model;
    Pool({Named("a"), Named("b")}, settings);
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(TellOf(DecisionOf(i % 2 == 0 ? "a" : "b"), Answer(i % 2, 100)).ok());
    }
    const ArmFigures before = StatsOf("a").figures;
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
      return Await<ImportOutput>(
          [&](auto done) { engine_->Import(plan, chunk, std::move(done)); });
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
    const ArmFigures after = StatsOf("a").figures;
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

}  // namespace
}  // namespace pointsman
