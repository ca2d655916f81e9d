// Off-policy estimates and their intervals, compared with known truths and published values.
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/offpolicy/policy_estimate.h"
#include "learners/offpolicy/robust_sequence.h"

namespace pointsman::learners {
namespace {

// Vowpal Wabbit's test of the same paper's sequence (robust confidence sequence, alpha 0.05): 200 times the weight 1.1
// with the outcome 1 and with the outcome 0. Its mixture over rates is another one.
TEST(RobustSequence, AgreesWithThePublishedImplementation) {
  RobustSequence lower, upper;
  for (int i = 0; i < 200; ++i) {
    for (const double outcome : {1.0, 0.0}) {
      lower.Add(1.1 * outcome);
      upper.Add(1.1 * (1 - outcome));
    }
  }
  EXPECT_NEAR(lower.Lower(0.025), 0.4574146652500113, 0.01);
  EXPECT_NEAR(1 - upper.Lower(0.025), 0.5423597665906932, 0.01);
}

TEST(RobustSequence, SaysNothingOfNothing) {
  RobustSequence sequence;
  EXPECT_EQ(sequence.Lower(0.05), 0);
  sequence.Add(1);
  EXPECT_EQ(sequence.Lower(0.05), 0);
}

TEST(RobustSequence, RisesToTheMeanOfWhatIsBounded) {
  RobustSequence sequence;
  Rng rng(5);
  for (int i = 0; i < 20'000; ++i) sequence.Add(rng.Uniform() < 0.7 ? 1 : 0);
  EXPECT_GT(sequence.Lower(0.05), 0.68);
  EXPECT_LT(sequence.Lower(0.05), 0.70);
  EXPECT_LT(sequence.Lower(0.0005), sequence.Lower(0.05));
}

// Rare and large: 1 / p with probability p, so the mean is 1. The bound is looked at after every observation.
TEST(RobustSequence, HoldsHoweverOftenOneLooks) {
  constexpr double kAlpha = 0.05;
  int missed = 0;
  constexpr int kRuns = 400;
  for (int run = 0; run < kRuns; ++run) {
    Rng rng(static_cast<uint64_t>(1000 + run));
    RobustSequence sequence;
    bool is_missed = false;
    double means = 0;
    for (int i = 0; i < 600; ++i) {
      const double p = i % 3 == 0 ? 0.02 : 0.5, mean = i % 2 == 0 ? 0.8 : 0.3;
      sequence.Add(rng.Uniform() < p ? mean / p : 0);
      means += mean;
      is_missed |= sequence.Lower(kAlpha) > means / (i + 1);
    }
    missed += is_missed;
  }
  // Three deviations over the nominal rate.
  EXPECT_LE(missed, kRuns * kAlpha + 3 * std::sqrt(kRuns * kAlpha * (1 - kAlpha)));
}

// A world of four arms whose logger favours one that changes, and whose recorded estimates are wrong.
struct World {
  std::vector<double> truth = {0.2, 0.8, 0.5, 0.6};
  std::vector<double> estimate = {0.9, 0.3, 0.5, 0.5};

  std::vector<PolicyArm> Decide(int t, const std::vector<double>& target) const {
    std::vector<PolicyArm> arms;
    for (std::size_t a = 0; a < truth.size(); ++a) {
      const bool is_favourite = a == static_cast<std::size_t>(t / 100) % truth.size();
      arms.push_back(
          {.target = target[a], .logged = is_favourite ? 0.7 : 0.1, .expected = estimate[a]});
    }
    return arms;
  }
  double Value(const std::vector<double>& target) const {
    double value = 0;
    for (std::size_t a = 0; a < truth.size(); ++a) value += target[a] * truth[a];
    return value;
  }
};

std::size_t Draw(const std::vector<PolicyArm>& arms, Rng& rng) {
  double left = rng.Uniform();
  for (std::size_t a = 0; a + 1 < arms.size(); ++a) {
    left -= arms[a].logged;
    if (left < 0) return a;
  }
  return arms.size() - 1;
}

PolicyFigures Play(const World& world, const std::vector<double>& target, uint64_t seed, int count,
                   double silent = 0) {
  PolicyEstimate estimate;
  Rng rng(seed);
  for (int t = 0; t < count; ++t) {
    const std::vector<PolicyArm> arms = world.Decide(t, target);
    const std::size_t drawn = Draw(arms, rng);
    std::optional<double> outcome = rng.Uniform() < world.truth[drawn] ? 1 : 0;
    if (rng.Uniform() < silent) outcome.reset();
    estimate.Add(arms, drawn, outcome);
  }
  return estimate.Figures(0.05);
}

TEST(PolicyEstimate, FindsWhatOtherPoliciesWouldHaveEarned) {
  const World world;
  for (const std::vector<double>& target :
       {std::vector<double>{0, 1, 0, 0}, {0.25, 0.25, 0.25, 0.25}, {0.5, 0, 0.5, 0}}) {
    double ips = 0, dr = 0, spread = 0;
    constexpr int kRuns = 60;
    for (uint64_t run = 1; run <= kRuns; ++run) {
      const PolicyFigures figures = Play(world, target, run, 2000);
      ips += figures.ips / kRuns;
      dr += figures.dr / kRuns;
      spread += figures.dr_stderr / kRuns;
      EXPECT_LE(figures.bounds.lower, world.Value(target)) << run;
      EXPECT_GE(figures.bounds.upper, world.Value(target)) << run;
    }
    EXPECT_NEAR(ips, world.Value(target), 0.03);
    EXPECT_NEAR(dr, world.Value(target), 4.5 * spread / std::sqrt(kRuns));
  }
}

TEST(PolicyEstimate, OfWhatWasServedIsTheMean) {
  const World world;
  PolicyEstimate estimate;
  Rng rng(3);
  double sum = 0;
  for (int t = 0; t < 500; ++t) {
    std::vector<PolicyArm> arms = world.Decide(t, {0, 0, 0, 0});
    for (PolicyArm& arm : arms) arm.target = arm.logged;
    const std::size_t drawn = Draw(arms, rng);
    const double outcome = rng.Uniform();
    sum += outcome;
    estimate.Add(arms, drawn, outcome);
  }
  const PolicyFigures figures = estimate.Figures(0.05);
  EXPECT_NEAR(figures.ips, sum / 500, 1e-12);
  EXPECT_NEAR(figures.snips, sum / 500, 1e-12);
  EXPECT_NEAR(figures.effective_sample_size, 500, 1e-6);
  EXPECT_EQ(figures.match_share, 1);
}

TEST(PolicyEstimate, TellsHowFewDecisionsSupportIt) {
  const World world;
  const PolicyFigures figures = Play(world, {1, 0, 0, 0}, 7, 400);
  EXPECT_NEAR(figures.weight_max, 10, 1e-9);
  EXPECT_LT(figures.effective_sample_size, 200);
  EXPECT_LT(figures.match_share, 0.5);
}

TEST(PolicyEstimate, BoundsWhatSilenceMayHide) {
  const World world;
  const std::vector<double> target = {0, 1, 0, 0};
  const PolicyFigures told = Play(world, target, 9, 4000);
  EXPECT_EQ(told.silent, 0u);
  EXPECT_EQ(told.bounds.lower, told.silent_bounds.lower);
  EXPECT_EQ(told.bounds.upper, told.silent_bounds.upper);
  const PolicyFigures figures = Play(world, target, 9, 4000, 0.3);
  EXPECT_NEAR(static_cast<double>(figures.silent), 1200, 120);
  EXPECT_LT(figures.silent_bounds.lower, figures.bounds.lower);
  EXPECT_GT(figures.silent_bounds.upper, figures.bounds.upper);
  // Were all silent ones 0, or all 1.
  EXPECT_LE(figures.silent_bounds.lower, 0.7 * world.Value(target) + 0.02);
  EXPECT_GE(figures.silent_bounds.upper, 0.7 * world.Value(target) + 0.28);
}

// An arm that becomes a candidate with probability 0.25 only.
TEST(PolicyEstimate, WeighsTheInclusionOfAShortlist) {
  PolicyEstimate estimate;
  Rng rng(4);
  for (int t = 0; t < 20'000; ++t) {
    std::vector<PolicyArm> arms = {{.target = 0, .logged = 1, .expected = 0.5}};
    if (rng.Uniform() < 0.25) {
      arms[0].logged = 0.5;
      arms.push_back({.target = 1, .logged = 0.5, .inclusion = 0.25, .expected = 0.3});
    }
    const std::size_t drawn = arms.size() > 1 && rng.Uniform() < 0.5 ? 1 : 0;
    estimate.Add(arms, drawn, rng.Uniform() < (drawn == 1 ? 0.9 : 0.1) ? 1 : 0);
  }
  const PolicyFigures figures = estimate.Figures(0.05);
  EXPECT_NEAR(figures.ips, 0.9, 0.08);
  EXPECT_NEAR(figures.dr, 0.9, 4.5 * figures.dr_stderr);
  EXPECT_LE(figures.bounds.lower, 0.9);
  EXPECT_GE(figures.bounds.upper, 0.9);
}

}  // namespace
}  // namespace pointsman::learners
