// How long answers get, how many tokens calls have, and what they cost.
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "tracker_life.h"

namespace pointsman::learners {
namespace {

TEST(ArmTracker, ExpectsLongerAnswersToTakeLonger) {
  Life life;
  Rng rng(5);
  for (int i = 0; i < 500; ++i) {
    Outcome outcome;
    outcome.output_tokens = 50 + static_cast<int64_t>(rng.Below(2000));
    outcome.latency_ms = 20.0 * static_cast<double>(*outcome.output_tokens);
    life.Tell(outcome);
  }
  CallQuery cut;
  cut.max_output_tokens = 200;
  EXPECT_LT(life.Expect(cut).latency_ms, 0.5 * life.Expect().latency_ms);
}

TEST(ArmTracker, ExpectsLongerAnswersToLongerQueriesWhereThatIsSo) {
  Rng rng(7);
  Life longer, flat;
  for (Life* life : {&longer, &flat}) life->settings.half_life_outcomes = 1e6;
  for (int i = 0; i < 2000; ++i) {
    const double estimate = std::exp(3 + 4 * rng.Uniform());
    const double noise = 50 * rng.Normal();
    Outcome outcome;
    outcome.output_tokens = static_cast<int64_t>(std::max(1.0, 100 * std::log1p(estimate) + noise));
    longer.Tell(outcome, estimate);
    outcome.output_tokens = static_cast<int64_t>(std::max(1.0, 400 + noise));
    flat.Tell(outcome, estimate);
  }
  const auto tokens = [](const Life& life, double input) {
    CallQuery query;
    query.input_tokens = input;
    return life.Expect(query).output_tokens;
  };
  EXPECT_NEAR(tokens(longer, 50), 100 * std::log1p(50), 12);
  EXPECT_NEAR(tokens(longer, 900), 100 * std::log1p(900), 12);
  EXPECT_NEAR(tokens(flat, 50), 400, 12);
  EXPECT_NEAR(tokens(flat, 900), 400, 12);
}

TEST(ArmTracker, LearnsHowManyTokensACallReallyHas) {
  Life life;
  for (int i = 0; i < 8; ++i) {
    Outcome outcome;
    outcome.input_tokens = 100'000;
    life.Tell(outcome, 1);
  }
  CallQuery hi;
  hi.input_tokens = 1;
  EXPECT_NEAR(life.Expect(hi).input_tokens, 100'000, 3000);
  hi.input_is_counted = true;  // a counted number takes precedence
  hi.input_tokens = 700;
  EXPECT_EQ(life.Expect(hi).input_tokens, 700);
}

TEST(ArmTracker, BelievesAnObservedCostOfAnySizeUpAndDown) {
  struct Case {
    double input_price, output_price, observed;
  };
  for (const Case& c : {Case{1, 2, 1.0}, Case{1, 2, 1e-7}, Case{0, 0, 0.03}, Case{100, 100, 0},
                        Case{1000, 1000, 1e-6}}) {
    Life life;
    life.arm.usd_per_1m_input = c.input_price;
    life.arm.usd_per_1m_output = c.output_price;
    for (int i = 0; i < 40; ++i) life.Tell(Cost(c.observed));
    CallQuery query;
    query.input_tokens = 100;
    query.max_output_tokens = 200;
    const double listed = (c.input_price * 100 + c.output_price * 200) / 1e6;
    // A list that is within a factor of two is corrected; one that is further off is not believed.
    const double off = std::min(std::abs(c.observed - listed), 2 * c.observed);
    EXPECT_NEAR(life.Expect(query).cost_usd, c.observed, 0.02 * off + 1e-9);
  }
}

TEST(ArmTracker, FindsWhichPriceIsWrong) {
  // Cached input costs a tenth, and the price list does not say so.
  Life life;
  life.settings.half_life_outcomes = 1e6;
  life.arm.usd_per_1m_input = 10;
  life.arm.usd_per_1m_output = 30;
  Rng rng(9);
  for (int i = 0; i < 300; ++i) {
    Outcome outcome;
    outcome.input_tokens = 1000 + static_cast<int64_t>(rng.Below(20'000));
    outcome.cached_input_tokens =
        static_cast<int64_t>(static_cast<double>(*outcome.input_tokens) * rng.Uniform());
    outcome.output_tokens = static_cast<int64_t>(rng.Below(1000));
    const auto in = static_cast<double>(*outcome.input_tokens);
    const auto cached = static_cast<double>(*outcome.cached_input_tokens);
    outcome.cost_usd =
        ((in - cached) * 10 + cached * 1 + static_cast<double>(*outcome.output_tokens) * 30) / 1e6;
    life.Tell(outcome, in);
  }
  CallQuery query;
  query.input_tokens = 10'000;
  query.max_output_tokens = 1;
  // Half of the input is cached on average.
  EXPECT_NEAR(life.Expect(query).cost_usd, (5000 * 10 + 5000 * 1 + 30) / 1e6, 0.004);
}

TEST(ArmTracker, PricesByTiersRequestsAndCachedInput) {
  Arm arm;
  arm.usd_per_1m_input = 1;
  arm.usd_per_1m_output = 10;
  EXPECT_TRUE(IsPriced(arm));
  EXPECT_NEAR(*ListPrice(arm, {1000, 500, 100}), (1000 * 1 + 100 * 10) / 1e6, 1e-15);
  arm.usd_per_1m_cached_input = 0.1;
  EXPECT_NEAR(*ListPrice(arm, {1000, 500, 100}), (500 * 1 + 500 * 0.1 + 100 * 10) / 1e6, 1e-15);
  arm.usd_per_request = 0.005;
  EXPECT_NEAR(*ListPrice(arm, {0, 0, 0}), 0.005, 1e-15);
  arm.price_tiers = {{200'000, 2, std::nullopt, std::nullopt}};
  EXPECT_NEAR(*ListPrice(arm, {200'000, 0, 0}), 0.205, 1e-12);
  EXPECT_NEAR(*ListPrice(arm, {300'000, 0, 0}), 0.605, 1e-12);
  arm.usd_per_1m_output.reset();  // one of two prices is no price
  EXPECT_FALSE(IsPriced(arm));
  EXPECT_FALSE(ListPrice(arm, {1000, 0, 0}).has_value());
  arm.usd_per_1m_input.reset();
  EXPECT_TRUE(IsPriced(arm));  // a fee a request and nothing else
}

TEST(ArmTracker, TakesAPriceChangeUpAtOnce) {
  Life life;
  life.arm.usd_per_1m_input = 2;
  life.arm.usd_per_1m_output = 10;
  for (int i = 0; i < 30; ++i) life.Tell(Cost(1.2 * (100 * 2 + 200 * 10) / 1e6));
  CallQuery query;
  query.input_tokens = 100;
  query.max_output_tokens = 200;
  const double before = life.Expect(query).cost_usd;
  Arm dearer = life.arm;
  dearer.usd_per_1m_input = 4;
  dearer.usd_per_1m_output = 20;
  life.tracker.Reprice(life.settings, life.arm, dearer, life.now);
  life.arm = dearer;
  EXPECT_NEAR(life.Expect(query).cost_usd / before, 2, 0.05);
  // New observations soon dominate.
  for (int i = 0; i < 6; ++i) life.Tell(Cost(before));
  EXPECT_NEAR(life.Expect(query).cost_usd / before, 1, 0.35);
}

TEST(ArmTracker, ExpectsNoNegativeCostWhereTokensAreToldNowAndThen) {
  Life life;
  life.arm.usd_per_1m_input = 1;
  life.arm.usd_per_1m_output = 2;
  Outcome wild = Cost(0.002);
  wild.input_tokens = 1'000'000;
  life.Tell(wild, 10);
  for (int i = 0; i < 200; ++i) {
    CallQuery query;
    query.input_tokens = 10;
    OutcomeEvent event = Life::Event(Cost(0.002), 10);
    event.input_tokens_expected = life.Expect(query).input_tokens;
    event.output_tokens_expected = life.Expect(query).output_tokens;
    life.now.clock += 1;
    event.anchor = Anchor{life.now.time, life.now.clock};
    life.tracker.Learn(life.settings, life.arm, event, life.now);
  }
  CallQuery query;
  query.input_tokens = 10;
  EXPECT_NEAR(life.Expect(query).cost_usd, 0.002, 0.0005);
}

TEST(ArmTracker, ForgetsACountThatWasWrongInTheCostsOfCallsWithoutOne) {
  for (const bool is_withdrawn : {false, true}) {
    Life life;
    life.arm.usd_per_1m_input = 1;
    life.arm.usd_per_1m_output = 2;
    Outcome whole = Cost(0.002);
    whole.input_tokens = 400;
    whole.output_tokens = 80;
    for (int i = 0; i < 10; ++i) life.Tell(whole);
    Outcome wrong;
    wrong.input_tokens = 1'000'000;
    const Anchor anchor = life.Tell(wrong);
    for (int i = 0; i < 50; ++i) life.Tell(Cost(0.002));
    Outcome right;
    if (!is_withdrawn) right.input_tokens = 400;
    life.Change(anchor, wrong, right);
    CallQuery query;
    query.input_tokens = 100;
    EXPECT_NEAR(life.Expect(query).cost_usd, 0.002, 1e-4) << is_withdrawn;
  }
}

}  // namespace
}  // namespace pointsman::learners
