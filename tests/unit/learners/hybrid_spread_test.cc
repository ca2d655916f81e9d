// What the hybrid model knows of how outcomes and arms vary.
#include "learners/quality/hybrid/hybrid_spread.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"

namespace pointsman::learners {
namespace {

using Level = HybridSpread::Level;

// An arm with outcomes of this mean and standard deviation.
Level ArmWith(double mean, double deviation, double weight, double shared) {
  return {mean - shared, weight, mean, weight * (mean * mean + deviation * deviation)};
}

TEST(HybridSpread, FindsTheVarianceOfGradesAndOfHits) {
  HybridSpread hits, grades;
  hits.Fit(std::vector<Level>{ArmWith(0.7, std::sqrt(0.21), 10'000, 0.7)}, 0.7);
  grades.Fit(std::vector<Level>{ArmWith(0.7, 0.1, 10'000, 0.7)}, 0.7);
  EXPECT_NEAR(hits.OutcomeVariance(0.7), 0.21, 1e-9);
  EXPECT_NEAR(grades.OutcomeVariance(0.7), 0.01, 0.001);
  EXPECT_LT(hits.OutcomeVariance(0.95), hits.OutcomeVariance(0.5)) << "good arms vary less";
}

TEST(HybridSpread, FindsHowMuchArmsDiffer) {
  for (const double deviation : {0.05, 0.1, 0.25}) {
    Rng rng(2);
    HybridSpread spread;
    std::vector<Level> levels;
    for (int arm = 0; arm < 400; ++arm) {
      const double noise = 0.5 / std::sqrt(400.0) * rng.Normal();
      levels.push_back(ArmWith(0.5 + deviation * rng.Normal() + noise, 0.5, 400, 0.5));
    }
    spread.Fit(levels, 0.5);
    const double between = spread.OutcomeVariance(0.5) / spread.Strength(0.5);
    EXPECT_NEAR(std::sqrt(between), deviation, 0.15 * deviation + 0.01);
  }
}

TEST(HybridSpread, TrustsTheOthersMoreTheLessTheyDiffer) {
  HybridSpread alike, unlike;
  std::vector<Level> near, far;
  for (int arm = 0; arm < 20; ++arm) {
    near.push_back(ArmWith(0.5, 0.5, 500, 0.5));
    far.push_back(ArmWith(arm % 2 == 0 ? 0.8 : 0.2, 0.4, 500, 0.5));
  }
  alike.Fit(near, 0.5);
  unlike.Fit(far, 0.5);
  EXPECT_GT(alike.Strength(0.5), 5 * unlike.Strength(0.5));
  EXPECT_LT(alike.Deviation(0.5, 1 + alike.Strength(0.5)),
            unlike.Deviation(0.5, 1 + unlike.Strength(0.5)));
}

TEST(HybridSpread, FollowsFromTheEvidenceAloneAndIsTheSameAfterItsBytesAreRead) {
  const std::vector<Level> levels = {ArmWith(0.6, 0.3, 3, 0.4), ArmWith(0.2, 0.1, 8, 0.4)};
  HybridSpread once, twice;
  once.Fit(levels, 0.4);
  twice.Fit(std::vector<Level>{ArmWith(0.9, 0.2, 100, 0.4)}, 0.4);
  twice.Fit(levels, 0.4);
  EXPECT_EQ(once.Strength(0.4), twice.Strength(0.4));
  ByteWriter bytes;
  once.Encode(bytes);
  HybridSpread read;
  ByteReader in(bytes.bytes());
  read.Decode(in);
  EXPECT_TRUE(in.AtEnd());
  EXPECT_EQ(read.Strength(0.4), once.Strength(0.4));
  EXPECT_EQ(read.OutcomeVariance(0.3), once.OutcomeVariance(0.3));
}

TEST(HybridSpread, RefusesBytesThatItCannotHaveWritten) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& numbers : std::vector<std::vector<double>>{
           {nan, 0.1}, {1, nan}, {0, 0.1}, {1, 0}, {1, -1}, {5, 0.1}, {1, HUGE_VAL}}) {
    ByteWriter bytes;
    for (const double number : numbers) bytes.Put(number);
    ByteReader in(bytes.bytes());
    HybridSpread spread;
    spread.Decode(in);
    EXPECT_FALSE(in.ok());
  }
}

}  // namespace
}  // namespace pointsman::learners
