#include "learners/offpolicy/robust_sequence.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace pointsman::learners {
namespace {

constexpr double kRateMost = 0.5;
constexpr double kRateStep = 1.6;
constexpr int kHalvings = 50;

template <std::size_t n>
std::array<double, n> Rates() {
  std::array<double, n> rates{};
  double rate = kRateMost / std::sqrt(kRateStep);
  for (double& each : rates) {
    each = rate;
    rate /= kRateStep;
  }
  return rates;
}

}  // namespace

void RobustSequence::Add(double x) {
  POINTSMAN_CHECK(x >= 0);
  static const std::array<double, kRates> rates = Rates<kRates>();
  const double predicted = std::min(1.0, (sum_ + 0.5) / static_cast<double>(count_ + 1));
  for (std::size_t i = 0; i < kRates; ++i) logs_[i] += std::log1p(rates[i] * (x - predicted));
  sum_ += x;
  predicted_sum_ += predicted;
  ++count_;
}

double RobustSequence::LogWealth(double mean) const {
  static const std::array<double, kRates> rates = Rates<kRates>();
  const double lead = predicted_sum_ - static_cast<double>(count_) * mean;
  std::array<double, kRates> logs{};
  for (std::size_t i = 0; i < kRates; ++i) logs[i] = rates[i] * lead + logs_[i];
  const double most = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double each : logs) sum += std::exp(each - most);
  return most + std::log(sum / static_cast<double>(kRates));
}

double RobustSequence::Lower(double alpha) const {
  POINTSMAN_CHECK(alpha > 0 && alpha < 1);
  const double needed = -std::log(alpha);
  double low = 0, high = 1;
  if (LogWealth(low) <= needed) return low;
  if (LogWealth(high) >= needed) return high;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (LogWealth(middle) > needed ? low : high) = middle;
  }
  return low;
}

}  // namespace pointsman::learners
