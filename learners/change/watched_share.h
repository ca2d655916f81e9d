// The share of the choices that is kept for an arm whose recovery or niche is yet to be seen. It is whole for
// 2,000 outcomes of the pool and then falls. All such arms together keep at most 6%.
// Threads: pure.
#pragma once

#include <algorithm>
#include <span>

namespace pointsman::learners {

constexpr double kWatchedShare = 0.02;
constexpr double kWatchedShareAll = 0.06;
constexpr double kWatchOutcomes = 2000;

// `elapsed`: outcomes of the pool since the arm has been watched.
inline double ShareAfter(double share, double elapsed) {
  return share * std::min(1.0, kWatchOutcomes / std::max(1.0, elapsed));
}

// `sum`: of the shares.
inline void LimitShares(double sum, std::span<double> shares) {
  if (!(sum > kWatchedShareAll)) return;
  for (double& share : shares) share *= kWatchedShareAll / sum;
}

}  // namespace pointsman::learners
