// How far counts are from a distribution, on the scale of a standard normal.
// Threads: pure.
#pragma once

#include <cmath>
#include <span>

namespace pointsman::learners {

// Pearson's statistic, with cells that expect fewer than 5 pooled, brought to a normal deviate by
// the cube root (Wilson and Hilferty 1931): above 3.7 once in 10,000.
inline double ChiSquareDeviate(std::span<const double> counts, std::span<const double> pmf) {
  double draws = 0, chi_square = 0, cells = 0, pooled_count = 0, pooled = 0;
  for (const double count : counts) draws += count;
  const auto add = [&](double count, double expected) {
    chi_square += (count - expected) * (count - expected) / expected;
    cells += 1;
  };
  for (std::size_t i = 0; i < pmf.size(); ++i) {
    const double expected = draws * pmf[i];
    if (expected >= 5) {
      add(counts[i], expected);
    } else {
      pooled_count += counts[i], pooled += expected;
    }
  }
  if (pooled >= 1) add(pooled_count, pooled);
  const double freedom = cells - 1;
  if (freedom < 1) return 0;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi_square / freedom) - (1 - spread)) / std::sqrt(spread);
}

}  // namespace pointsman::learners
