// The share of the choices that is kept for an arm whose recovery, or whose niche, is to be seen: whole for 2,000
// outcomes of the pool, then less and less, and 6% for all such arms together.
// Threads: pure.
#pragma once

#include <algorithm>
#include <span>

namespace pointsman {

constexpr double kWatchedShare = 0.02;
constexpr double kWatchedShareAll = 0.06;
constexpr double kWatchOutcomes = 2000;

// `elapsed`: outcomes of the pool since the arm is watched.
inline double ShareAfter(double share, double elapsed) {
  return share * std::min(1.0, kWatchOutcomes / std::max(1.0, elapsed));
}

// `sum`: of the shares.
inline void LimitShares(double sum, std::span<double> shares) {
  if (!(sum > kWatchedShareAll)) return;
  for (double& share : shares) share *= kWatchedShareAll / sum;
}

}  // namespace pointsman
