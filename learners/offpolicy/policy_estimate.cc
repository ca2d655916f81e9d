#include "learners/offpolicy/policy_estimate.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace pointsman::learners {
namespace {

constexpr double kLeast = 1;  // an observation is at least -kLeast before it is raised

double WeightOf(const PolicyArm& arm) { return arm.target / (arm.logged * arm.inclusion); }

// The observation of the lower side, raised and scaled to be >= 0 with a mean <= 1. `flip`: of the upper side.
double Observation(std::span<const PolicyArm> arms, std::size_t drawn, double outcome, bool flip) {
  const auto expected = [&](const PolicyArm& arm) {
    const double value = flip ? 1 - arm.expected : arm.expected;
    const double weight = WeightOf(arm);
    return weight > 0 ? std::min(value, kLeast / weight) : value;
  };
  double mean = 0;
  for (const PolicyArm& arm : arms) {
    if (arm.target > 0) mean += arm.target * expected(arm) / arm.inclusion;
  }
  const double r = flip ? 1 - outcome : outcome;
  const double value = WeightOf(arms[drawn]) * (r - expected(arms[drawn])) + mean;
  return std::max(0.0, (value + kLeast) / (1 + kLeast));  // below 0 only by rounding
}

double FromObservation(double mean) { return std::clamp(mean * (1 + kLeast) - kLeast, 0.0, 1.0); }

}  // namespace

void PolicyEstimate::Add(std::span<const PolicyArm> arms, std::size_t drawn,
                         std::optional<double> outcome) {
  POINTSMAN_CHECK(drawn < arms.size() && arms[drawn].logged > 0 && arms[drawn].inclusion > 0);
  lowest_.Add(Observation(arms, drawn, outcome.value_or(0), false));
  highest_.Add(Observation(arms, drawn, outcome.value_or(1), true));
  if (!outcome) {
    ++silent_;
    return;
  }
  lower_.Add(Observation(arms, drawn, *outcome, false));
  upper_.Add(Observation(arms, drawn, *outcome, true));
  const double weight = WeightOf(arms[drawn]);
  double mean = 0;
  for (const PolicyArm& arm : arms) mean += arm.target * arm.expected / arm.inclusion;
  const double dr = mean + weight * (*outcome - arms[drawn].expected);
  ++outcomes_;
  matches_ += weight > 0;
  weights_ += weight;
  squares_ += weight * weight;
  weight_max_ = std::max(weight_max_, weight);
  weighted_ += weight * *outcome;
  dr_ += dr;
  dr_squares_ += dr * dr;
}

PolicyFigures PolicyEstimate::Figures(double alpha) const {
  PolicyFigures figures;
  figures.outcomes = outcomes_;
  figures.silent = silent_;
  // Half of alpha for each side.
  const auto bounds = [&](const RobustSequence& lower, const RobustSequence& upper) {
    return Bounds{FromObservation(lower.Lower(alpha / 2)),
                  1 - FromObservation(upper.Lower(alpha / 2))};
  };
  figures.silent_bounds = bounds(lowest_, highest_);
  if (outcomes_ == 0) return figures;
  const auto n = static_cast<double>(outcomes_);
  figures.ips = weighted_ / n;
  figures.dr = dr_ / n;
  figures.dr_stderr = std::sqrt(std::max(0.0, dr_squares_ / n - figures.dr * figures.dr) / n);
  if (weights_ > 0) {
    figures.snips = weighted_ / weights_;
    figures.effective_sample_size = weights_ * weights_ / squares_;
  }
  figures.weight_max = weight_max_;
  figures.match_share = static_cast<double>(matches_) / n;
  figures.bounds = bounds(lower_, upper_);
  return figures;
}

}  // namespace pointsman::learners
