// Paired differences over seeds, with a one-sided bound.
// Shapes: one value per seed, the same seeds in both.
// Threads: pure functions.
// Source: Student 1908, the one-sample t statistic of the differences.
#pragma once

#include <span>

namespace pointsman::evaluation {

struct PairedDifference {
  double mean = 0;         // of a - b
  double stderr_mean = 0;  // 0 for a single pair
  double lower_95 = 0;     // the true mean is above it with 95% confidence; the mean for one pair
};
PairedDifference Paired(std::span<const double> a, std::span<const double> b);

// The one-sided 95% quantile of Student's t, for at least 1 degree of freedom; within 0.001.
double StudentQuantile95(std::size_t degrees);

}  // namespace pointsman::evaluation
