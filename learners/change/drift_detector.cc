#include "learners/change/drift_detector.h"

#include <cmath>

namespace pointsman::learners {
namespace {

constexpr double kDriftShift = 0.2;
constexpr double kDriftNoise = 0.2;  // variance of one outcome
constexpr double kDriftAlarm = 12;   // about one false alarm in 300,000 outcomes of 0 or 1
constexpr double kDriftAlarmWatched = 4;

}  // namespace

std::optional<DriftAlarm> DriftDetector::Add(double residual, double weight, bool is_watched,
                                             double clock) {
  std::optional<DriftAlarm> rung = AddTo(fall_, -1, residual, weight, kDriftAlarm, clock);
  if (!rung) {
    rung = AddTo(rise_, 1, residual, weight, is_watched ? kDriftAlarmWatched : kDriftAlarm, clock);
  }
  if (rung) *this = {};
  return rung;
}

std::optional<DriftAlarm> DriftDetector::AddTo(Side& side, double sign, double residual,
                                               double weight, double alarm, double clock) {
  if (!(side.score > 0)) side.since = clock;
  const double step = (kDriftShift * sign * residual - kDriftShift * kDriftShift / 2) / kDriftNoise;
  side.score += weight * step;
  side.sum += weight * residual;
  side.weight += weight;
  if (!(side.score > 0)) side = {};
  if (!(side.score > alarm)) return std::nullopt;
  return DriftAlarm{side.sum, side.weight, side.since};
}

void DriftDetector::Encode(ByteWriter& out) const {
  out.Put(fall_);
  out.Put(rise_);
}

void DriftDetector::Decode(ByteReader& in) {
  for (Side* side : {&fall_, &rise_}) {
    for (double* number : {&side->score, &side->sum, &side->weight}) *number = in.Get<double>();
    if (in.format() >= 4) side->since = in.Get<double>();
    const bool is_sound = std::isfinite(side->since) && side->score >= 0 &&
                          side->score <= kDriftAlarm && side->weight >= 0 &&
                          std::isfinite(side->weight) && std::isfinite(side->sum);
    if (!is_sound) in.Fail();
  }
}

}  // namespace pointsman::learners
