#include "learners/quality/hybrid/hybrid_spread.h"

#include <algorithm>
#include <cmath>

namespace pointsman::learners {
namespace {

constexpr double kLevelMin = 0.02;    // levels nearer to 0 or 1 than this are not certain either
constexpr double kRatioStrength = 4;  // in units of q (1 - q): 16 outcomes of level 0.5
constexpr double kRatioMin = 0.02, kRatioMax = 4;
constexpr double kBetween = 0.0625, kBetweenStrength = 2;
constexpr double kBetweenMin = 1e-4;
constexpr int kSteps = 12;

double BernoulliVariance(double level) {
  const double q = std::clamp(level, kLevelMin, 1 - kLevelMin);
  return q * (1 - q);
}

}  // namespace

double HybridSpread::OutcomeVariance(double level) const {
  return ratio_ * BernoulliVariance(level);
}

double HybridSpread::Deviation(double level, double weight_and_strength) const {
  return std::sqrt(OutcomeVariance(level) / weight_and_strength);
}

void HybridSpread::Fit(std::span<const Level> levels, double shared_level) {
  double seen = kRatioStrength, expected = kRatioStrength;
  for (const Level& level : levels) {
    if (level.has_changed) continue;
    seen += std::max(0.0, level.squares - level.weight * level.mean * level.mean);
    expected += std::max(0.0, level.weight * level.mean * (1 - level.mean));
  }
  ratio_ = std::clamp(seen / expected, kRatioMin, kRatioMax);
  between_ = kBetween;
  for (int step = 0; step < kSteps; ++step) {
    double sum = kBetweenStrength * kBetween;
    for (const Level& level : levels) {
      const double v = OutcomeVariance(shared_level + level.distance);
      const double variance = 1 / (level.weight / v + 1 / between_);
      const double mean = variance * level.weight / v * level.distance;
      sum += mean * mean + variance;
    }
    between_ = std::max(kBetweenMin, sum / (kBetweenStrength + static_cast<double>(levels.size())));
  }
}

void HybridSpread::Encode(ByteWriter& out) const {
  out.Put(ratio_);
  out.Put(between_);
}

void HybridSpread::Decode(ByteReader& in) {
  ratio_ = in.Get<double>();
  between_ = in.Get<double>();
  if (!(ratio_ >= kRatioMin && ratio_ <= kRatioMax)) in.Fail();
  if (!std::isfinite(between_) || !(between_ >= kBetweenMin)) in.Fail();
}

}  // namespace pointsman::learners
