#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "base/rng.h"

namespace pointsman::bench {
namespace {

TEST(Histogram, GivesPercentilesToWithinAHundredth) {
  Rng rng(1);
  Histogram histogram;
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(std::floor(std::exp(3 + 15 * rng.Uniform())));  // 20 ns to 60 ms
    histogram.Add(static_cast<uint64_t>(values.back()));
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(histogram.count(), values.size());
  EXPECT_DOUBLE_EQ(histogram.MaxUs(), values.back() / 1000);
  for (const double share : {0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto at = static_cast<std::size_t>(std::ceil(share * 20000)) - 1;
    EXPECT_NEAR(histogram.PercentileUs(share) / (values[at] / 1000), 1, 0.01) << share;
  }
}

TEST(Histogram, IsExactBelow128Nanoseconds) {
  Histogram histogram;
  for (uint64_t ns = 0; ns < 100; ++ns) histogram.Add(ns);
  EXPECT_DOUBLE_EQ(histogram.PercentileUs(0.5), 0.049);
  EXPECT_DOUBLE_EQ(histogram.PercentileUs(1), 0.099);
}

TEST(Histogram, IsEmptyAtFirstAndAfterClear) {
  Histogram histogram;
  EXPECT_EQ(histogram.PercentileUs(0.5), 0);
  histogram.Add(UINT64_MAX);
  EXPECT_GT(histogram.PercentileUs(0.5), 1e15);
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.MaxUs(), 0);
}

TEST(Histogram, LosesNothingOfSeveralThreads) {
  Histogram histogram, sum;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < 10000; ++i) histogram.Add(i);
    });
  }
  for (auto& thread : threads) thread.join();
  sum.Add(histogram);
  sum.Add(histogram);
  EXPECT_EQ(histogram.count(), 40000u);
  EXPECT_EQ(sum.count(), 80000u);
  EXPECT_EQ(sum.PercentileUs(0.5), histogram.PercentileUs(0.5));
}

}  // namespace
}  // namespace pointsman::bench
