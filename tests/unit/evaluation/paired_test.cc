#include "evaluation/replay/paired.h"

#include <gtest/gtest.h>

#include <array>

namespace pointsman::evaluation {
namespace {

TEST(Paired, GivesMeanErrorAndBoundOfTheDifferences) {
  const std::array<double, 4> a = {1, 2, 3, 6}, b = {0, 2, 2, 3};

  const PairedDifference d = Paired(a, b);

  // Differences 1, 0, 1, 3: mean 1.25, squares 0.0625 + 1.5625 + 0.0625 + 3.0625 = 4.75,
  // standard error sqrt(4.75 / (4 * 3)) = 0.629153, t(3) = 2.3534.
  EXPECT_NEAR(d.mean, 1.25, 1e-12);
  EXPECT_NEAR(d.stderr_mean, 0.6291529, 1e-6);
  EXPECT_NEAR(d.lower_95, 1.25 - 2.3534 * 0.6291529, 1e-5);
}

TEST(Paired, HasNoErrorForASinglePair) {
  const std::array<double, 1> a = {0.7}, b = {0.5};

  const PairedDifference d = Paired(a, b);

  EXPECT_EQ(d.stderr_mean, 0);
  EXPECT_EQ(d.lower_95, d.mean);
}

TEST(Paired, HasTheQuantilesOfTheTables) {
  EXPECT_NEAR(StudentQuantile95(1), 6.3138, 1e-3);
  EXPECT_NEAR(StudentQuantile95(11), 1.7959, 1e-3);
  EXPECT_NEAR(StudentQuantile95(19), 1.7291, 1e-3);
  EXPECT_NEAR(StudentQuantile95(60), 1.6706, 1e-3);
  EXPECT_NEAR(StudentQuantile95(100000), 1.6449, 1e-3);
}

}  // namespace
}  // namespace pointsman::evaluation
