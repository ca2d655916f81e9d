#include "evaluation/report/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "tiny_data.h"

namespace pointsman::evaluation {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kTiny = 1e-12;

class FiguresTest : public ::testing::Test {
 protected:
  FiguresTest() {
    WriteTinyData(folder_);
    dataset_ = *LoadDataset(folder_.path(), "two");  // arm 0 is b, arm 1 is a
  }
  TempFolder folder_;
  Dataset dataset_;
};

TEST_F(FiguresTest, UtilityIsQualityLessScaledCostAndLatency) {
  Outcome outcome;
  outcome.quality = 0.8;
  outcome.cost_usd = 0.004;
  outcome.latency_ms = 500;
  const Valuation valuation{{0.5, 0.3, 0.2}, 0.01, 2000};
  // 0.5 * 0.8 - 0.3 * 0.4 - 0.2 * 0.25
  EXPECT_NEAR(RealisedUtility(valuation, outcome), 0.23, kTiny);
}

TEST_F(FiguresTest, UtilityLooksAtNoFieldOfWeightZero) {
  Outcome outcome;
  outcome.quality = 0.8;
  EXPECT_EQ(RealisedUtility({{1, 0, 0}, 0.01, 1000}, outcome), 0.8);
}

TEST_F(FiguresTest, AgreeWithFiguresWorkedOutByHand) {
  const Valuation valuation{{0.5, 0.5, 0}, 0.002, 1000};
  // Utilities: quality / 2 - cost / 0.004
  //       b       a
  // q1   -1       0.25
  // q2    0      -0.25
  // q3   -0.25    0.25
  const std::vector<Round> rounds = {{2, 0}, {0, 1}, {1, 1}};

  const Figures figures = ComputeFigures(dataset_, valuation, rounds);

  EXPECT_NEAR(figures.played.utility, (-0.25 + 0.25 - 0.25) / 3, kTiny);
  EXPECT_NEAR(figures.played.quality, 2.0 / 3, kTiny);
  EXPECT_NEAR(figures.played.cost_usd, 0.005 / 3, kTiny);
  EXPECT_NEAR(figures.first_1000, figures.played.utility, kTiny);
  EXPECT_NEAR(figures.last_third, -0.25, kTiny);  // the last of three rounds
  EXPECT_NEAR(figures.random.utility, -1.0 / 6, kTiny);
  EXPECT_NEAR(figures.random.quality, 2.0 / 3, kTiny);
  EXPECT_NEAR(figures.random.cost_usd, 0.002, kTiny);
  EXPECT_NEAR(figures.best_single.utility, 0.25 / 3, kTiny);
  EXPECT_NEAR(figures.best_single.cost_usd, 0.001, kTiny);
  EXPECT_NEAR(figures.oracle.utility, 0.5 / 3, kTiny);
  EXPECT_NEAR(figures.oracle.quality, 1, kTiny);
  EXPECT_NEAR(figures.best_quality.cost_usd, 0.003, kTiny);  // a tie: the first arm
  EXPECT_NEAR(figures.most_expensive.cost_usd, 0.003, kTiny);
  EXPECT_NEAR(figures.cheapest.cost_usd, 0.001, kTiny);
  EXPECT_THAT(figures.shares, ElementsAre(DoubleNear(1.0 / 3, kTiny), DoubleNear(2.0 / 3, kTiny)));
}

TEST_F(FiguresTest, BoundEveryPlayByTheOracleAndMeetUniformPlayInExpectation) {
  const Valuation valuation{{0.7, 0.3, 0}, 0.003, 1000};
  Rng rng(7);
  double sum = 0;
  double sum_of_squares = 0;
  const int plays = 4000;
  for (int i = 0; i < plays; ++i) {
    const std::vector<Round> rounds = {{0, rng.Below(2)}, {1, rng.Below(2)}, {2, rng.Below(2)}};
    const Figures figures = ComputeFigures(dataset_, valuation, rounds);
    EXPECT_LE(figures.played.utility, figures.oracle.utility + kTiny);
    EXPECT_LE(figures.best_single.utility, figures.oracle.utility + kTiny);
    EXPECT_LE(figures.random.utility, figures.best_single.utility + kTiny);
    const double off = figures.played.utility - figures.random.utility;
    sum += off;
    sum_of_squares += off * off;
  }
  EXPECT_LT(std::abs(sum / plays), 4 * std::sqrt(sum_of_squares) / plays);
}

TEST_F(FiguresTest, CurveBlocksAverageToTheWhole) {
  const Valuation valuation{{1, 0, 0}, 0.01, 1000};
  const std::vector<Round> rounds = {{2, 0}, {0, 1}, {1, 1}};

  const Curve curve = ComputeCurve(dataset_, valuation, rounds, 2);  // blocks of 2 and 1

  EXPECT_EQ(curve.block_rounds, 2u);
  EXPECT_THAT(curve.utility, ElementsAre(1, 0));
  EXPECT_THAT(curve.random, ElementsAre(0.75, 0.5));
  EXPECT_THAT(curve.best_single, ElementsAre(0.5, 1));  // arm b, the first of two equals
  EXPECT_THAT(curve.oracle, ElementsAre(1, 1));
  EXPECT_THAT(curve.shares, ElementsAre(ElementsAre(0.5, 0.5), ElementsAre(0, 1)));
}

TEST_F(FiguresTest, StandardErrorIsThatOfTheMeanOverSeeds) {
  std::vector<Figures> seeds(3);
  const double utilities[] = {0.5, 0.6, 0.8};
  for (std::size_t i = 0; i < 3; ++i) {
    seeds[i].played.utility = utilities[i];
    seeds[i].shares = {utilities[i], 1 - utilities[i]};
  }

  const Figures mean = MeanFigures(seeds);
  const Figures error = StandardErrors(seeds);

  EXPECT_NEAR(mean.played.utility, 1.9 / 3, kTiny);
  EXPECT_NEAR(mean.shares[1], 1.1 / 3, kTiny);
  // Variance with n - 1: 0.07 / 3; of the mean: a third of it.
  EXPECT_NEAR(error.played.utility, std::sqrt(0.07 / 9), kTiny);
  EXPECT_EQ(StandardErrors(std::vector<Figures>(1)).played.utility, 0);
}

}  // namespace
}  // namespace pointsman::evaluation
