#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "tracker_life.h"

namespace pointsman::learners {
namespace {

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
  // Failing within a millisecond is not speed: somebody has to notice and call again.
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
  // 40 calls fail, 100 are reported as not failed, 100 are rated: 40 of 240.
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
    if (outcome.quality) {  // and reports the same through the other field
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
  for (const Case& c :
       {Case{ErrorKind::kProvider, true, false}, Case{ErrorKind::kTimeout, true, false},
        Case{ErrorKind::kCaller, false, false}, Case{ErrorKind::kCancelled, false, false},
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
}  // namespace pointsman::learners
