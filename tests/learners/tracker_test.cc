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

OutcomeEvent Reporting(Outcome outcome) {
  OutcomeEvent event;
  event.outcome = std::move(outcome);
  event.input_tokens_estimate = 100;
  event.cost_estimate_usd = 0.01;
  return event;
}
Outcome Quality(double quality) {
  Outcome outcome;
  outcome.quality = quality;
  return outcome;
}
std::string Bytes(const ArmTracker& tracker) {
  ByteWriter out;
  tracker.Encode(out);
  return out.Take();
}

TEST(ArmTracker, IsTheDecayedMeanOfAllThatItWasTold) {
  // The oracle keeps everything and weighs each outcome by its age in seconds and in outcomes.
  LearnerSettings settings;
  settings.half_life_s = 50;
  settings.half_life_outcomes = 20;
  Rng rng(1);
  struct Told {
    double quality, latency_ms, age_s, age_outcomes;
  };
  std::vector<Told> told;
  ArmTracker tracker;
  Micros time = kStart;
  for (int i = 0; i < 300; ++i) {
    const double elapsed_s = 10 * rng.Uniform();
    time += static_cast<Micros>(elapsed_s * kMicrosPerSecond);
    for (Told& t : told) t.age_s += elapsed_s, t.age_outcomes += 1;
    Outcome outcome = Quality(rng.Uniform());
    outcome.latency_ms = 1000 * rng.Uniform();
    told.push_back({*outcome.quality, *outcome.latency_ms, 0, 0});
    tracker.Learn(settings, Reporting(outcome), time);
  }

  const TrackerFigures figures = tracker.Figures(settings, Arm{}, time + 25 * kMicrosPerSecond);

  double weight = 0, quality = 0, latency_ms = 0;
  for (const Told& t : told) {
    const double w = std::exp2(-(t.age_s + 25) / 50 - t.age_outcomes / 20);
    weight += w, quality += w * t.quality, latency_ms += w * t.latency_ms;
  }
  EXPECT_NEAR(figures.quality, quality / weight, 1e-6);
  EXPECT_NEAR(figures.quality_weight, weight, 1e-5);
  EXPECT_NEAR(figures.latency_ms, latency_ms / weight, 1e-3);
  EXPECT_EQ(tracker.outcomes(), 300u);
}

TEST(ArmTracker, LosesHalfItsWeightInAHalfLifeOfSilence) {
  const LearnerSettings settings;
  ArmTracker tracker;
  tracker.Learn(settings, Reporting(Quality(0.8)), kStart);
  const auto half_life = static_cast<Micros>(settings.half_life_s) * kMicrosPerSecond;

  EXPECT_DOUBLE_EQ(tracker.Figures(settings, Arm{}, kStart).quality_weight, 1);
  EXPECT_DOUBLE_EQ(tracker.Figures(settings, Arm{}, kStart + half_life).quality_weight, 0.5);
  EXPECT_DOUBLE_EQ(tracker.Figures(settings, Arm{}, kStart + half_life).quality, 0.8);
}

TEST(ArmTracker, EndsTheSameWhetherFieldsComeTogetherOrApart) {
  const LearnerSettings settings;
  Outcome joint = Quality(0.7);
  joint.latency_ms = 300;
  joint.cost_usd = 0.02;
  joint.input_tokens = 90;
  joint.output_tokens = 400;
  joint.error = false;
  Outcome first;
  first.latency_ms = joint.latency_ms;
  first.error = joint.error;
  Outcome second = joint;
  second.latency_ms.reset();
  second.error.reset();
  ArmTracker together, apart;
  for (ArmTracker* tracker : {&together, &apart}) {
    tracker->Learn(settings, Reporting(Quality(0.1)), kStart - 5);
  }

  together.Learn(settings, Reporting(joint), kStart);
  apart.Learn(settings, Reporting(first), kStart);
  OutcomeEvent rest = Reporting(second);
  rest.is_first = false;
  apart.Learn(settings, rest, kStart);

  EXPECT_EQ(Bytes(together), Bytes(apart));
  EXPECT_EQ(together.outcomes(), 2u);
}

TEST(ArmTracker, MovesSumsAloneWhenCorrected) {
  const LearnerSettings settings;
  Outcome wrong = Quality(1), right = Quality(0.25);
  wrong.cost_usd = 0.05, right.cost_usd = 0.01;
  wrong.output_tokens = 900, right.output_tokens = 100;
  wrong.latency_ms = right.latency_ms = 200;
  ArmTracker corrected, straight;
  corrected.Learn(settings, Reporting(wrong), kStart);
  straight.Learn(settings, Reporting(right), kStart);

  OutcomeEvent correction = Reporting(right);
  correction.outcome.latency_ms.reset();
  correction.corrects = wrong;
  correction.corrects.latency_ms.reset();
  correction.is_first = false;
  corrected.Learn(settings, correction, kStart);

  const TrackerFigures a = corrected.Figures(settings, Arm{}, kStart);
  const TrackerFigures b = straight.Figures(settings, Arm{}, kStart);
  EXPECT_NEAR(a.quality, b.quality, 1e-12);
  EXPECT_EQ(a.quality_weight, b.quality_weight);
  EXPECT_NEAR(a.cost_usd, b.cost_usd, 1e-12);
  EXPECT_NEAR(a.output_tokens, b.output_tokens, 1e-9);
  EXPECT_NEAR(corrected.CostCorrection(), straight.CostCorrection(), 1e-12);
  EXPECT_EQ(corrected.outcomes(), 1u);
}

TEST(ArmTracker, LearnsFromAnErrorTheErrorRateAlone) {
  const LearnerSettings settings;
  ArmTracker tracker;
  tracker.Learn(settings, Reporting(Quality(0.9)), kStart);
  Outcome failed = Quality(0);
  failed.error = true;
  failed.latency_ms = 5;
  tracker.Learn(settings, Reporting(failed), kStart);

  const TrackerFigures figures = tracker.Figures(settings, Arm{}, kStart);

  EXPECT_DOUBLE_EQ(figures.quality, 0.9);
  EXPECT_EQ(figures.latency_ms, 0);
  // One failure, one answer (aged by one outcome), shrunk by 4 calls.
  EXPECT_NEAR(figures.error_rate, 1 / (1 + std::exp2(-1.0 / 500) + 4), 1e-12);
}

TEST(ArmTracker, CountsAnsweredCallsOnceHoweverTheyAreTold) {
  // 10% of calls fail; answered ones are told by quality alone, by error = false alone, or both.
  LearnerSettings settings;
  for (const int style : {0, 1, 2}) {
    Rng rng(5);
    ArmTracker tracker;
    for (int i = 0; i < 4000; ++i) {
      Outcome outcome;
      if (rng.Uniform() < 0.1) {
        outcome.error = true;
      } else {
        if (style != 1) outcome.quality = 0.5;
        if (style != 0) outcome.error = false;
      }
      tracker.Learn(settings, Reporting(outcome), kStart);
    }
    EXPECT_NEAR(tracker.ErrorRate(), 0.1, 0.03) << style;
  }
}

TEST(ArmTracker, FollowsTheTailOfTheLatency) {
  LearnerSettings settings;
  settings.half_life_outcomes = 2000;
  Rng rng(6);
  for (const double spread : {0.2, 0.6}) {
    ArmTracker tracker;
    std::vector<double> all;
    double sum = 0;
    for (int i = 0; i < 12'000; ++i) {
      Outcome outcome;
      outcome.latency_ms = 800 * std::exp(spread * rng.Normal());
      all.push_back(*outcome.latency_ms);
      tracker.Learn(settings, Reporting(outcome), kStart);
      if (i >= 8000) sum += tracker.Figures(settings, Arm{}, kStart).latency_p95_ms / 4000;
    }
    std::sort(all.begin(), all.end());
    const double exact = all[all.size() * 95 / 100];
    const double last = tracker.Figures(settings, Arm{}, kStart).latency_p95_ms;
    EXPECT_NEAR(sum / exact, 1, 0.05) << spread;
    EXPECT_NEAR(last / exact, 1, 0.25) << spread;
  }
}

TEST(ArmTracker, ExpectsLongerAnswersToLongerQueriesWhereThatIsSo) {
  LearnerSettings settings;
  settings.half_life_outcomes = 1e6;
  Rng rng(7);
  ArmTracker longer, flat;
  for (int i = 0; i < 2000; ++i) {
    OutcomeEvent event;
    event.input_tokens_estimate = std::exp(3 + 4 * rng.Uniform());
    const double noise = 50 * rng.Normal();
    event.outcome.output_tokens =
        static_cast<int64_t>(std::max(1.0, 100 * std::log1p(event.input_tokens_estimate) + noise));
    longer.Learn(settings, event, kStart);
    event.outcome.output_tokens = static_cast<int64_t>(std::max(1.0, 400 + noise));
    flat.Learn(settings, event, kStart);
  }

  EXPECT_NEAR(longer.OutputTokens(Arm{}, 50), 100 * std::log1p(50), 12);
  EXPECT_NEAR(longer.OutputTokens(Arm{}, 900), 100 * std::log1p(900), 12);
  EXPECT_NEAR(flat.OutputTokens(Arm{}, 50), 400, 12);
  EXPECT_NEAR(flat.OutputTokens(Arm{}, 900), 400, 12);
  // Shrunk: a single pair of outcomes barely tilts the expectation.
  ArmTracker young;
  for (const double input : {50.0, 60.0}) {
    OutcomeEvent event;
    event.input_tokens_estimate = input;
    event.outcome.output_tokens = static_cast<int64_t>(10 * input);
    young.Learn(settings, event, kStart);
  }
  EXPECT_NEAR(young.OutputTokens(Arm{}, 1000), young.OutputTokens(Arm{}, 55), 20);
}

TEST(ArmTracker, CorrectsThePriceByWhatCallsReallyCost) {
  const LearnerSettings settings;
  ArmTracker tracker;
  EXPECT_EQ(tracker.CostCorrection(), 1);
  for (int i = 0; i < 50; ++i) {
    Outcome outcome;
    outcome.cost_usd = 0.013;
    tracker.Learn(settings, Reporting(outcome), kStart);  // estimated 0.01
  }
  EXPECT_NEAR(tracker.CostCorrection(), 1.3, 1e-9);
  EXPECT_NEAR(tracker.ObservedCost(), 0.013, 1e-12);
}

TEST(ArmTracker, StandsOnPriorsUntilTold) {
  Arm arm;
  arm.prior_latency_ms = 700;
  arm.prior_output_tokens = 123;
  const ArmTracker tracker;
  EXPECT_EQ(tracker.LatencyMs(arm), 700);
  EXPECT_EQ(tracker.OutputTokens(arm, 50), 123);
  EXPECT_EQ(tracker.ErrorRate(), 0);
  EXPECT_EQ(tracker.ObservedCost(), 0);
}

}  // namespace
}  // namespace pointsman
