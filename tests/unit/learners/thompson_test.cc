#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "chi_square.h"
#include "gtest/gtest.h"
#include "learners/choice/probability_of_largest.h"

namespace pointsman::learners {
namespace {

using Numbers = std::vector<double>;

double Cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// The oracle: a plain Riemann sum in the log domain over a grid far finer than anything.
Numbers SlowProbabilityOfLargest(const Numbers& means, const Numbers& stddevs) {
  double low = 1e300, high = -1e300, narrowest = 1e300;
  for (std::size_t i = 0; i < means.size(); ++i) {
    low = std::min(low, means[i] - 9 * stddevs[i]);
    high = std::max(high, means[i] + 9 * stddevs[i]);
    narrowest = std::min(narrowest, stddevs[i]);
  }
  const double step = narrowest / 25;
  Numbers p(means.size(), 0.0), log_cdf(means.size());
  for (double t = low; t <= high; t += step) {
    double sum = 0;
    for (std::size_t i = 0; i < means.size(); ++i) {
      log_cdf[i] = std::log(std::max(1e-300, Cdf((t - means[i]) / stddevs[i])));
      sum += log_cdf[i];
    }
    for (std::size_t i = 0; i < means.size(); ++i) {
      const double z = (t - means[i]) / stddevs[i];
      p[i] += step * std::exp(sum - log_cdf[i] - 0.5 * z * z) / (stddevs[i] * std::sqrt(2 * M_PI));
    }
  }
  return p;
}

TEST(Thompson, MatchesTheClosedFormForTwo) {
  // P(first > second) = Phi((m1 - m2) / sqrt(s1^2 + s2^2)).
  Rng rng(1);
  for (int round = 0; round < 2000; ++round) {
    const Numbers means = {rng.Normal(), rng.Normal()};
    const Numbers stddevs = {std::pow(10, 8 * rng.Uniform() - 4),
                             std::pow(10, 8 * rng.Uniform() - 4)};

    const Numbers p = ProbabilityOfLargest(means, stddevs);

    const double expected = Cdf((means[0] - means[1]) / std::hypot(stddevs[0], stddevs[1]));
    ASSERT_NEAR(p[0], expected, 1e-9) << "round " << round;
    ASSERT_NEAR(p[1], 1 - expected, 1e-9) << "round " << round;
  }
}

TEST(Thompson, MatchesASlowIntegralForMany) {
  Rng rng(2);
  for (const std::size_t k : {2, 3, 8, 40}) {
    for (int round = 0; round < 8; ++round) {
      Numbers means(k), stddevs(k);
      for (double& mean : means) mean = rng.Normal() * (round % 3);
      for (double& sd : stddevs) sd = std::pow(10.0, 2 * rng.Uniform() - 1);

      const Numbers p = ProbabilityOfLargest(means, stddevs);

      const Numbers slow = SlowProbabilityOfLargest(means, stddevs);
      for (std::size_t i = 0; i < k; ++i) ASSERT_NEAR(p[i], slow[i], 1e-9) << k << " " << round;
    }
  }
}

// The oracle for deviations of very different size: Simpson's rule between the points of one fine
// grid per variable, all joined.
Numbers JoinedGridProbabilityOfLargest(const Numbers& means, const Numbers& stddevs) {
  const std::size_t k = means.size();
  Numbers grid;
  for (std::size_t i = 0; i < k; ++i) {
    for (int step = -900; step <= 900; ++step) grid.push_back(means[i] + stddevs[i] * step / 100);
  }
  std::sort(grid.begin(), grid.end());
  const auto density = [&](std::size_t i, double t) {
    double product = 1 / stddevs[i] / std::sqrt(2 * M_PI);
    for (std::size_t j = 0; j < k; ++j) {
      const double z = (t - means[j]) / stddevs[j];
      product *= j == i ? std::exp(-0.5 * z * z) : Cdf(z);
    }
    return product;
  };
  Numbers p(k, 0.0);
  for (std::size_t n = 1; n < grid.size(); ++n) {
    const double a = grid[n - 1], b = grid[n];
    for (std::size_t i = 0; i < k; ++i) {
      p[i] += (b - a) / 6 * (density(i, a) + 4 * density(i, (a + b) / 2) + density(i, b));
    }
  }
  return p;
}

TEST(Thompson, MatchesASlowIntegralForDeviationsOfAnySize) {
  Rng rng(4);
  for (const double decades : {1.0, 3.0, 6.0}) {
    for (int round = 0; round < 8; ++round) {
      const std::size_t k = 2 + rng.Below(6);
      Numbers means(k), stddevs(k);
      for (double& sd : stddevs) sd = std::pow(10.0, decades * (2 * rng.Uniform() - 1));
      for (double& mean : means) mean = rng.Normal() * stddevs[rng.Below(k)];
      if (round % 4 == 0) std::fill(means.begin(), means.end(), 0.5);

      const Numbers p = ProbabilityOfLargest(means, stddevs);

      const Numbers slow = JoinedGridProbabilityOfLargest(means, stddevs);
      for (std::size_t i = 0; i < k; ++i) {
        ASSERT_NEAR(p[i], slow[i], 1e-9) << decades << " decades, round " << round;
      }
    }
  }
}

TEST(Thompson, AgreesWithDrawingAmongAThousand) {
  Rng rng(5);
  constexpr std::size_t kArms = 1000;
  constexpr int kDraws = 20'000;
  Numbers means(kArms), stddevs(kArms), counts(kArms, 0.0);
  for (std::size_t i = 0; i < kArms; ++i) {
    means[i] = 0.5 + 0.1 * rng.Normal();
    stddevs[i] = rng.Below(10) == 0 ? 0 : 0.01 + 0.1 * rng.Uniform();
  }
  for (int draw = 0; draw < kDraws; ++draw) {
    std::size_t best = 0;
    double largest = -1e300;
    for (std::size_t i = 0; i < kArms; ++i) {
      const double value = means[i] + stddevs[i] * rng.Normal();
      if (value > largest) largest = value, best = i;
    }
    counts[best] += 1;
  }

  const Numbers p = ProbabilityOfLargest(means, stddevs);

  EXPECT_LT(ChiSquareDeviate(counts, p), 3.7);
}

TEST(Thompson, AgreesWithDrawing) {
  const Numbers means = {0.5, 0.55, 0.3, 0.52}, stddevs = {0.1, 0.02, 0.4, 0.05};
  Numbers counts(means.size(), 0.0);
  Rng rng(3);
  constexpr int kDraws = 400'000;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::size_t best = 0;
    double largest = -1e300;
    for (std::size_t i = 0; i < means.size(); ++i) {
      const double value = means[i] + stddevs[i] * rng.Normal();
      if (value > largest) largest = value, best = i;
    }
    counts[best] += 1.0 / kDraws;
  }

  const Numbers p = ProbabilityOfLargest(means, stddevs);

  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(p[i], counts[i], 4.5 * std::sqrt(p[i] * (1 - p[i]) / kDraws));
  }
}

TEST(Thompson, GivesAlikeArmsEqualShares) {
  for (const std::size_t k : {1, 2, 7, 100, 10'000}) {
    const Numbers p = ProbabilityOfLargest(Numbers(k, 0.3), Numbers(k, 0.05));
    for (const double share : p) ASSERT_NEAR(share * static_cast<double>(k), 1, 1e-9);
  }
}

TEST(Thompson, TreatsZeroDeviationsAsAtoms) {
  // The atom at 0.4 is the largest when the normal lies below it: Phi((0.4 - 0.5) / 0.1).
  const Numbers p = ProbabilityOfLargest(Numbers{0.4, 0.5, 0.4, 0.1}, Numbers{0, 0.1, 0, 0});

  EXPECT_NEAR(p[0], Cdf(-1) / 2, 1e-10);
  EXPECT_NEAR(p[2], Cdf(-1) / 2, 1e-10);
  EXPECT_NEAR(p[1], Cdf(1), 1e-10);
  EXPECT_EQ(p[3], 0);
  EXPECT_EQ(ProbabilityOfLargest(Numbers{1, 2}, Numbers{0, 0}), (Numbers{0, 1}));
}

TEST(Thompson, KeepsTwoNarrowOnesApartBesideAWideOne) {
  // The wide one wins half the time; the narrow two, 1e-12 wide, share the rest as if alone.
  const Numbers p = ProbabilityOfLargest(Numbers{0, 1e-12, 0}, Numbers{1e-12, 1e-12, 1e7});

  const double second = Cdf(1 / std::sqrt(2.0));
  EXPECT_NEAR(p[0], 0.5 * (1 - second), 1e-9);
  EXPECT_NEAR(p[1], 0.5 * second, 1e-9);
  EXPECT_NEAR(p[2], 0.5, 1e-9);
}

TEST(Thompson, DoesNotDependOnTheUnit) {
  const Numbers means = {0.1, 0.2, 0.35}, stddevs = {0.2, 0.1, 0.01};
  const Numbers p = ProbabilityOfLargest(means, stddevs);
  for (const double unit : {1e-290, 1e-5, 1e7, 1e307}) {
    Numbers m = means, s = stddevs;
    for (double& number : m) number *= unit;
    for (double& number : s) number *= unit;
    const Numbers q = ProbabilityOfLargest(m, s);
    for (std::size_t i = 0; i < p.size(); ++i) ASSERT_NEAR(p[i], q[i], 1e-9) << unit;
  }
}

TEST(ProbabilityOfLargest, EndsWhateverTheNumbersAre) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const double odd : {nan, inf, -inf}) {
    const auto of_mean = ProbabilityOfLargest(std::vector<double>{0.5, odd, 0.4},
                                              std::vector<double>{0.1, 0.1, 0.1});
    EXPECT_EQ(of_mean[1], odd == inf ? of_mean[1] : 0);
    const auto of_deviation = ProbabilityOfLargest(std::vector<double>{0.5, 0.6, 0.4},
                                                   std::vector<double>{0.1, std::abs(odd), 0.1});
    EXPECT_EQ(of_deviation.size(), 3u);
  }
  const auto none =
      ProbabilityOfLargest(std::vector<double>{nan, nan}, std::vector<double>{nan, nan});
  EXPECT_EQ(none[0], 0.5);
}

}  // namespace
}  // namespace pointsman::learners
