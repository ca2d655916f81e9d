#include "evaluation/replay/paired.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace pointsman::evaluation {

double StudentQuantile95(std::size_t degrees) {
  POINTSMAN_CHECK(degrees >= 1);
  constexpr std::array<double, 10> kFirst = {6.3138, 2.9200, 2.3534, 2.1318, 2.0150,
                                             1.9432, 1.8946, 1.8595, 1.8331, 1.8125};
  if (degrees <= kFirst.size()) return kFirst[degrees - 1];
  // Cornish and Fisher's expansion around the normal quantile, in powers of 1 / degrees.
  constexpr double z = 1.644854;
  const auto n = static_cast<double>(degrees);
  const double z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n);
}

PairedDifference Paired(std::span<const double> a, std::span<const double> b) {
  POINTSMAN_CHECK(!a.empty() && a.size() == b.size());
  const auto n = static_cast<double>(a.size());
  PairedDifference result;
  for (std::size_t i = 0; i < a.size(); ++i) result.mean += (a[i] - b[i]) / n;
  result.lower_95 = result.mean;
  if (a.size() == 1) return result;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = a[i] - b[i] - result.mean;
    squares += off * off;
  }
  result.stderr_mean = std::sqrt(squares / (n * (n - 1)));
  result.lower_95 -= StudentQuantile95(a.size() - 1) * result.stderr_mean;
  return result;
}

}  // namespace pointsman::evaluation
