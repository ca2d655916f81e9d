#include "learners/drift_detector.h"

#include <cmath>

namespace pointsman {
namespace {

constexpr double kDriftShift = 0.2;
constexpr double kDriftNoise = 0.2;  // variance of one outcome
constexpr double kDriftAlarm = 12;   // with a 0/1 outcome about one false alarm in 300,000
constexpr double kDriftAlarmWatched = 4;

}  // namespace

std::optional<double> DriftDetector::Add(double residual, double weight, bool is_watched) {
  std::optional<double> shift = AddTo(fall_, -1, residual, weight, kDriftAlarm);
  if (!shift) {
    shift = AddTo(rise_, 1, residual, weight, is_watched ? kDriftAlarmWatched : kDriftAlarm);
  }
  if (shift) *this = {};
  return shift;
}

std::optional<double> DriftDetector::AddTo(Side& side, double sign, double residual, double weight,
                                           double alarm) {
  const double step = (kDriftShift * sign * residual - kDriftShift * kDriftShift / 2) / kDriftNoise;
  side.score += weight * step;
  side.sum += weight * residual;
  side.weight += weight;
  if (!(side.score > 0)) side = {};
  if (!(side.score > alarm)) return std::nullopt;
  return side.sum / side.weight;
}

void DriftDetector::Encode(ByteWriter& out) const {
  out.Put(fall_);
  out.Put(rise_);
}

void DriftDetector::Decode(ByteReader& in) {
  for (Side* side : {&fall_, &rise_}) {
    *side = in.Get<Side>();
    const bool is_sound = side->score >= 0 && side->score <= kDriftAlarm && side->weight >= 0 &&
                          std::isfinite(side->weight) && std::isfinite(side->sum);
    if (!is_sound) in.Fail();
  }
}

}  // namespace pointsman
