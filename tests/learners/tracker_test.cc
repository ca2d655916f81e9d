#include "learners/tracker.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace pointsman {
namespace {

constexpr Micros kStart = 1'000'000'000'000;

// A tracker with a pool's clock beside it.
struct Life {
  LearnerSettings settings;
  Arm arm;
  PoolLevels pool;
  ArmTracker tracker;
  LogPoint now{kStart, 0};

  void Pass(double seconds, double outcomes) {
    now.time += static_cast<Micros>(seconds * kMicrosPerSecond);
    now.clock += outcomes;
  }
  // A first outcome; its anchor names it.
  Anchor Tell(Outcome outcome, double estimate = 100) {
    now.clock += 1;
    OutcomeEvent event = Event(std::move(outcome), estimate);
    event.anchor = Anchor{now.time, now.clock};
    tracker.Learn(settings, arm, event, now);
    return *event.anchor;
  }
  void Change(const Anchor& anchor, Outcome before, Outcome said, double estimate = 100) {
    OutcomeEvent event = Event(std::move(said), estimate);
    event.is_first = false;
    event.anchor = anchor;
    event.before = std::move(before);
    event.is_withdrawal = event.outcome.empty();
    tracker.Learn(settings, arm, event, now);
  }
  ArmExpectation Expect(CallQuery query = {}) const {
    query.now = now;
    return tracker.Expect(settings, arm, pool, query);
  }
  TrackerFigures Figures() const { return tracker.Figures(settings, arm, pool, now); }

  static OutcomeEvent Event(Outcome outcome, double estimate) {
    OutcomeEvent event;
    event.decision_id = "d";
    event.outcome = std::move(outcome);
    event.input_tokens_estimate = estimate;
    event.input_tokens_expected = estimate;
    event.output_tokens_expected = 200;
    return event;
  }
};

Outcome Quality(double quality) {
  Outcome outcome;
  outcome.quality = quality;
  return outcome;
}
Outcome Latency(double ms) {
  Outcome outcome;
  outcome.latency_ms = ms;
  return outcome;
}
Outcome Failed(double ms, ErrorKind kind = ErrorKind::kProvider) {
  Outcome outcome = Latency(ms);
  outcome.error = true;
  outcome.error_kind = kind;
  return outcome;
}
Outcome Cost(double usd) {
  Outcome outcome;
  outcome.cost_usd = usd;
  return outcome;
}

TEST(ArmTracker, IsTheDecayedMeanOfAllThatItWasTold) {
  // The oracle keeps everything and weighs each outcome by its age in seconds and in outcomes of the pool.
  Life life;
  life.settings.half_life_s = 50;
  life.settings.half_life_outcomes = 20;
  Rng rng(1);
  struct Told {
    double quality, age_s, age_outcomes;
  };
  std::vector<Told> told;
  for (int i = 0; i < 300; ++i) {
    const double elapsed_s = 10 * rng.Uniform(), others = static_cast<double>(rng.Below(3));
    life.Pass(elapsed_s, others);
    for (Told& t : told) t.age_s += elapsed_s, t.age_outcomes += 1 + others;
    told.push_back({rng.Uniform(), 0, 0});
    life.Tell(Quality(told.back().quality));
  }
  life.Pass(25, 7);

  double weight = 0, quality = 0;
  for (const Told& t : told) {
    const double w = std::exp2(-(t.age_s + 25) / 50 - (t.age_outcomes + 7) / 20);
    weight += w, quality += w * t.quality;
  }
  EXPECT_NEAR(life.Figures().quality, quality / weight, 1e-6);  // times are whole microseconds
  EXPECT_NEAR(life.Figures().quality_weight, weight, 1e-6);
  EXPECT_EQ(life.tracker.outcomes(), 300u);
}

TEST(ArmTracker, LosesHalfItsWeightInAHalfLifeOfSilenceOrOfOthersOutcomes) {
  for (const bool by_time : {true, false}) {
    Life life;
    life.Tell(Quality(0.8));
    EXPECT_DOUBLE_EQ(life.Figures().quality_weight, 1);
    life.Pass(by_time ? life.settings.half_life_s : 0,
              by_time ? 0 : life.settings.half_life_outcomes);
    EXPECT_NEAR(life.Figures().quality_weight, 0.5, 1e-12) << by_time;
    EXPECT_NEAR(life.Figures().quality, 0.8, 1e-12);
  }
}

TEST(ArmTracker, ExpectsPerAnsweredQueryWhatAnswersAndFailuresTake) {
  // Half of the calls answer in 1000 ms for $0.01, half fail after 400 ms for $0.002. The prior of 4 answers
  // fades beside 4,000 calls.
  Life life;
  life.settings.half_life_outcomes = 1e6;
  for (int i = 0; i < 4000; ++i) {
    const bool answers = i % 2 == 0;
    Outcome outcome = answers ? Latency(1000) : Failed(400);
    outcome.cost_usd = answers ? 0.01 : 0.002;
    life.Tell(outcome);
  }
  const ArmExpectation e = life.Expect();
  EXPECT_NEAR(e.error_rate, 0.5, 0.001);
  EXPECT_NEAR(e.latency_ms, 1400, 5);
  EXPECT_NEAR(e.cost_usd, 0.012, 1e-4);
  EXPECT_TRUE(e.is_cost_known && e.is_latency_known);
}

TEST(ArmTracker, TakesAFailureOfUnknownLengthToBeLikeAnAnswer) {
  Life life;
  for (int i = 0; i < 200; ++i) {
    Outcome failed;
    failed.error = true;
    life.Tell(i % 2 == 0 ? Latency(1000) : failed);
  }
  EXPECT_NEAR(life.Expect().latency_ms, 2000, 60);
}

TEST(ArmTracker, DoesNotExpectAnArmThatOnlyFailsToBeFast) {
  // Failing within a millisecond is no speed: somebody has to notice and call again.
  Life life;
  life.pool.latency = {true, std::log(800.0), 0.5};
  for (int i = 0; i < 20; ++i) life.Tell(Failed(1));
  EXPECT_GT(life.Expect().latency_ms, 1000);
  EXPECT_FALSE(life.Expect().is_latency_known);
}

TEST(ArmTracker, KnowsNothingUntilTold) {
  Life life;
  const ArmExpectation e = life.Expect();
  EXPECT_FALSE(e.is_cost_known);
  EXPECT_FALSE(e.is_latency_known);
  EXPECT_EQ(e.error_rate, 0);
  life.arm.prior_latency_ms = 700;
  life.arm.prior_output_tokens = 123;
  EXPECT_TRUE(life.Expect().is_latency_known);
  EXPECT_NEAR(life.Expect().latency_ms, 700, 1e-6);
  EXPECT_NEAR(life.Expect().output_tokens, 123, 1e-9);
}

TEST(ArmTracker, CountsACallOnceHoweverItsEndIsTold) {
  // 40 calls fail, 100 say that they did not, 100 are rated: 40 of 240.
  Life life;
  life.settings.half_life_outcomes = 1e9;
  for (int i = 0; i < 240; ++i) {
    Outcome outcome;
    if (i % 6 == 0) {
      outcome.error = true;
    } else if (i % 2 == 0) {
      outcome.error = false;
    } else {
      outcome.quality = 0.5;
    }
    const Anchor anchor = life.Tell(outcome);
    if (outcome.quality) {  // and says so again by the other word
      Outcome also;
      also.error = false;
      life.Change(anchor, outcome, also);
    }
  }
  EXPECT_NEAR(life.Figures().error_rate, 40.0 / 244, 1e-9);
}

TEST(ArmTracker, LearnsOfErrorsByTheirKind) {
  struct Case {
    ErrorKind kind;
    bool counts_as_error, teaches_latency;
  };
  for (const Case& c : {Case{ErrorKind::kProvider, true, false}, Case{ErrorKind::kTimeout, true, false},
                        Case{ErrorKind::kCaller, false, false},
                        Case{ErrorKind::kCancelled, false, false},
                        Case{ErrorKind::kRateLimited, false, false},
                        Case{ErrorKind::kContentFilter, false, true}}) {
    Life life;
    for (int i = 0; i < 20; ++i) life.Tell(Failed(500, c.kind));
    EXPECT_EQ(life.Figures().error_rate > 0.5, c.counts_as_error) << static_cast<int>(c.kind);
    EXPECT_EQ(life.Expect().is_latency_known, c.teaches_latency) << static_cast<int>(c.kind);
    EXPECT_EQ(life.Figures().quality_weight, 0);
    EXPECT_EQ(life.tracker.rate_limited_until() > 0, c.kind == ErrorKind::kRateLimited);
  }
}

TEST(ArmTracker, RemembersARateLimitUntilItEndsOrIsTakenBack) {
  Life life;
  Outcome limited = Failed(5, ErrorKind::kRateLimited);
  limited.retry_after_ms = 60'000;
  const Anchor anchor = life.Tell(limited);
  EXPECT_EQ(life.tracker.rate_limited_until(), kStart + 60 * kMicrosPerSecond);
  life.Tell(Quality(1));  // of a decision made before
  EXPECT_EQ(life.tracker.rate_limited_until(), kStart + 60 * kMicrosPerSecond);
  life.Change(anchor, limited, {});
  EXPECT_EQ(life.tracker.rate_limited_until(), 0);
}

TEST(ArmTracker, PublishesATailOfTheData) {
  Life life;
  for (int i = 0; i < 5; ++i) life.Tell(Latency(60'000));
  EXPECT_NEAR(life.Figures().latency_p95_ms, 60'000, 1);

  // Two kinds of calls: one in ten takes 5 s.
  Life two;
  two.settings.half_life_outcomes = 1e6;
  for (int i = 0; i < 1000; ++i) two.Tell(Latency(i % 10 == 0 ? 5000 : 200));
  EXPECT_NEAR(two.Figures().latency_p95_ms, 5000, 1);

  Rng rng(6);
  for (const double spread : {0.2, 0.6}) {
    Life life2;
    life2.settings.half_life_outcomes = 1e6;
    std::vector<double> all;
    for (int i = 0; i < 4000; ++i) {
      all.push_back(800 * std::exp(spread * rng.Normal()));
      life2.Tell(Latency(all.back()));
    }
    std::sort(all.begin(), all.end());
    EXPECT_NEAR(life2.Figures().latency_p95_ms / all[all.size() * 95 / 100], 1, 0.06) << spread;
  }
}

TEST(ArmTracker, ExpectsTheMeanOfALogNormalAndIsNotOwnedByOneColdStart) {
  Rng rng(3);
  Life life;
  life.settings.half_life_outcomes = 1e6;
  double sum = 0;
  for (int i = 0; i < 5000; ++i) {
    const double ms = 500 * std::exp(0.5 * rng.Normal());
    sum += ms;
    life.Tell(Latency(ms));
  }
  EXPECT_NEAR(life.Expect().latency_ms / (sum / 5000), 1, 0.03);

  Life cold;
  cold.Tell(Latency(60'000));
  const double first = cold.Expect().latency_ms;
  for (int i = 0; i < 20; ++i) cold.Tell(Latency(200));
  EXPECT_GT(first, 20'000);
  EXPECT_LT(cold.Expect().latency_ms, 700);
}

TEST(ArmTracker, ExpectsNoMoreThanItSawWhereLatencyHasTwoModes) {
  const double modes[][2] = {{5, 5000}, {100, 100'000}, {0, 1000}, {0.2, 0.6}};
  for (const auto& mode : modes) {
    Life life;
    life.settings.half_life_outcomes = 1e6;
    for (int i = 0; i < 400; ++i) life.Tell(Latency(mode[i % 2]));
    const double mean = (mode[0] + mode[1]) / 2;
    EXPECT_NEAR(life.Expect().latency_ms / mean, 1, 0.1) << mode[0] << " " << mode[1];
  }
}

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
    outcome.output_tokens =
        static_cast<int64_t>(std::max(1.0, 100 * std::log1p(estimate) + noise));
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
  hi.input_is_counted = true;  // who counts knows better
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
  // Cached input costs a tenth, and nobody said so.
  Life life;
  life.settings.half_life_outcomes = 1e6;
  life.arm.usd_per_1m_input = 10;
  life.arm.usd_per_1m_output = 30;
  Rng rng(9);
  for (int i = 0; i < 300; ++i) {
    Outcome outcome;
    outcome.input_tokens = 1000 + static_cast<int64_t>(rng.Below(20'000));
    outcome.cached_input_tokens = static_cast<int64_t>(
        static_cast<double>(*outcome.input_tokens) * rng.Uniform());
    outcome.output_tokens = static_cast<int64_t>(rng.Below(1000));
    const auto in = static_cast<double>(*outcome.input_tokens);
    const auto cached = static_cast<double>(*outcome.cached_input_tokens);
    outcome.cost_usd = ((in - cached) * 10 + cached * 1 +
                        static_cast<double>(*outcome.output_tokens) * 30) / 1e6;
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
  // What is observed from now on has the say soon.
  for (int i = 0; i < 6; ++i) life.Tell(Cost(before));
  EXPECT_NEAR(life.Expect(query).cost_usd / before, 1, 0.35);
}

TEST(ArmTracker, WatchesAnArmThatFailsAndFindsItAgain) {
  Life life;
  for (int i = 0; i < 100; ++i) life.Tell(Quality(1));
  EXPECT_EQ(life.tracker.WatchedShare(life.now.clock), 0);
  int failures = 0;
  while (life.tracker.WatchedShare(life.now.clock) == 0 && failures < 100) {
    life.Tell(Failed(1000));
    ++failures;
  }
  EXPECT_LT(failures, 25);
  EXPECT_GT(life.Expect().error_rate, 0.5);
  EXPECT_NEAR(life.tracker.WatchedShare(life.now.clock), 0.02, 1e-12);
  int answers = 0;
  while (life.Expect().error_rate > 0.1 && answers < 100) {
    life.Tell(Quality(1));
    ++answers;
  }
  EXPECT_LT(answers, 12);
  EXPECT_EQ(life.tracker.WatchedShare(life.now.clock), 0);
}

TEST(ArmTracker, TakesBackErrorsThatItsDetectorHasCut) {
  Life life;
  for (int i = 0; i < 100; ++i) life.Tell(Quality(0.4));
  std::vector<Anchor> anchors;
  Outcome failed;
  failed.error = true;
  for (int i = 0; i < 40; ++i) anchors.push_back(life.Tell(failed));
  EXPECT_GT(life.Figures().error_rate, 0.6);
  for (const Anchor& anchor : anchors) life.Change(anchor, failed, {});
  EXPECT_NEAR(life.Figures().error_rate, 0, 1e-9);
  EXPECT_EQ(life.tracker.WatchedShare(life.now.clock), 0);
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

TEST(ArmTracker, ReadsBackAsItWas) {
  Life life;
  Rng rng(2);
  life.arm.usd_per_1m_input = 1;
  life.arm.usd_per_1m_output = 2;
  for (int i = 0; i < 50; ++i) {
    Outcome outcome = rng.Uniform() < 0.2 ? Failed(900) : Quality(rng.Uniform());
    outcome.cost_usd = rng.Uniform();
    outcome.first_token_ms = 100;
    outcome.input_tokens = 10;
    outcome.output_tokens = 30;
    life.Tell(outcome);
  }
  ByteWriter out;
  life.tracker.Encode(out);
  ByteReader in(out.bytes());
  const ArmTracker again = ArmTracker::Decode(in);
  ASSERT_TRUE(in.AtEnd());
  ByteWriter twice;
  again.Encode(twice);
  EXPECT_EQ(out.bytes(), twice.bytes());
}

}  // namespace
}  // namespace pointsman
