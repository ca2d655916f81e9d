// What outcomes mean, rule by rule, through the real engine: decisions, feedback, statistics. Each table has cases
// beside the one that a rule was made for.
#include "outcome_rules.h"

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "learners/quality/quality_model.h"

namespace pointsman::engine {
namespace {

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
  for (const char* model : learners::QualityModelNames()) {
    for (const Case& c : cases) {
      SCOPED_TRACE(absl::StrCat(model, ": ", c.what));
      OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
      calls_.clear();
      PoolSettings settings;
      settings.learner.quality_model = model;
      Arm good = Named("good"), dead = Named("dead");
      for (Arm* arm : {&good, &dead}) arm->usd_per_1m_input = arm->usd_per_1m_output = 10;
      Pool({good, dead}, settings);
      const auto counts = Play(
          120, c.preference,
          {{"good", [](int) { return Answer(1, 800); }}, {"dead", [&](int) { return c.failure; }}});
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

TEST_F(OutcomeRules, A2_OfAnArmThatOnlyFailsItsFailuresAreShown) {
  Pool({Named("dead"), Named("quiet")});
  EXPECT_FALSE(StatsOf("dead").figures.expected.KnownLatency());
  for (int i = 0; i < 8; ++i) {
    Outcome o;
    o.error = true;
    o.latency_ms = 30'000;
    o.cost_usd = 0.01;
    ASSERT_TRUE(TellOf(DecisionOf("dead"), o).ok());
  }
  const ArmExpectation dead = StatsOf("dead").figures.expected;
  EXPECT_FALSE(dead.is_latency_known || dead.is_cost_known);
  ASSERT_TRUE(dead.KnownLatency() && dead.KnownCost());
  EXPECT_GT(*dead.KnownLatency(), 30'000);
  EXPECT_GT(*dead.KnownCost(), 0.01);
  EXPECT_FALSE(StatsOf("quiet").figures.expected.KnownLatency());
  // Errors that say neither time nor cost make nothing known.
  Outcome bare;
  bare.error = true;
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(TellOf(DecisionOf("quiet"), bare).ok());
  EXPECT_FALSE(StatsOf("quiet").figures.expected.KnownLatency());
  EXPECT_FALSE(StatsOf("quiet").figures.expected.KnownCost());
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
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    calls_.clear();
    Pool({Named("a"), Named("b")});
    const auto spread = [](double ms) {
      return [ms](int n) { return Answer(1, ms * (n % 3 == 0 ? 1.5 : n % 3 == 1 ? 0.7 : 0.95)); };
    };
    const auto counts = Play(400, {0, 0, 1}, {{"a", spread(other)}, {"b", spread(400)}}, 200);
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

// By default settings, by every learner that has deviations.
TEST_F(OutcomeRules, A6_AQuietArmGrowsUncertainByWhatThePoolLearns) {
  for (const char* model : learners::QualityModelNames()) {
    if (std::string(model) == "ema") continue;
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    PoolSettings settings;
    settings.learner.quality_model = model;
    Pool({Named("quiet"), Named("busy")}, settings);
    const auto answer = [](int i, int good_of_10) {
      return Answer(i % 10 < good_of_10 ? 1 : 0, 100);
    };
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(TellOf(DecisionOf("quiet"), answer(i, 3)).ok());
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(TellOf(DecisionOf("busy"), answer(i, 6)).ok());
    double before = StatsOf("quiet").figures.level.stddev;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 300; ++i) ASSERT_TRUE(TellOf(DecisionOf("busy"), answer(i, 6)).ok());
      const double after = StatsOf("quiet").figures.level.stddev;
      EXPECT_GT(after, before * 1.005) << model;
      before = after;
    }
  }
}

TEST_F(OutcomeRules, A6_AnArmIsFoundAgainAfterAnOutage) {
  struct Case {
    const char* what;
    Outcome failure;
    int before, outage;
  };
  for (const Case& c :
       {Case{"errors", Error(1000), 200, 40}, Case{"errors at once", Error(5), 0, 40},
        Case{"slow errors", Error(30'000), 200, 40}, Case{"quality 0", Answer(0, 500), 200, 40},
        Case{"a long outage", Error(1000), 200, 400}}) {
    SCOPED_TRACE(c.what);
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
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
  for (const char* model : learners::QualityModelNames()) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
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

}  // namespace
}  // namespace pointsman::engine
