#include "learners/hybrid_arm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace pointsman {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kDriftShift = 0.2;
constexpr double kDriftNoise = 0.2;  // variance of one outcome
constexpr double kDriftAlarm = 12;   // with a 0/1 outcome about one false alarm in 300,000
constexpr double kDriftAlarmWatched = 4;

VectorXd GetVector(Eigen::Index size, bool may_be_empty, ByteReader& in) {
  const std::vector<double> numbers = in.GetArray<double>();
  if (numbers.size() != static_cast<std::size_t>(size) && !(may_be_empty && numbers.empty())) {
    in.Fail();
  }
  for (const double number : numbers) {
    if (!std::isfinite(number)) in.Fail();
  }
  return Eigen::Map<const VectorXd>(numbers.data(), static_cast<Eigen::Index>(numbers.size()));
}

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

void HybridArm::Scale(double kept) {
  for (double* number : {&weight, &sum, &bare_weight, &bare_sum, &solved_weight}) *number *= kept;
  if (HasMatrix()) sums.Scale(kept);
}

void HybridArm::Shift(double change) {
  sum += change * weight;
  bare_sum += change * bare_weight;
  if (HasMatrix()) sums.Shift(change);
}

MatrixXd HybridArm::SlopeMoments(double level_strength) const {
  return sums.MomentsWithoutFirst(bare_weight + PriorStrength(level_strength));
}

VectorXd HybridArm::SlopeCross(const HybridPrior& prior, double level_strength) const {
  const double strength = PriorStrength(level_strength);
  const VectorXd first = sums.FirstMoments();
  const double level = (sums.cross()[0] + bare_sum + strength * PriorLevel(prior)) /
                       (first[0] + bare_weight + strength);
  const Eigen::Index d = sums.size() - 1;
  return sums.cross().tail(d) - level * first.tail(d);
}

void HybridArm::ReadTheta(std::size_t expert, const HybridPrior& prior, double level_strength,
                          const MatrixXd& slope_moments) {
  MatrixXd precision = slope_moments;
  precision.diagonal().array() += prior.precision;
  readings[expert].theta = SolvePositive(
      std::move(precision), SlopeCross(prior, level_strength) + prior.precision * prior.slope);
  ReadOwn(expert);
}

void HybridArm::ReadOwn(std::size_t expert) {
  Reading& reading = readings[expert];
  reading.own = sum;
  if (!HasMatrix() || reading.theta.size() == 0) return;
  reading.own -= sums.FirstMoments().tail(sums.size() - 1).dot(reading.theta);
}

double HybridArm::Level(std::size_t expert, const HybridPrior& prior, double level_strength) const {
  const double strength = PriorStrength(level_strength);
  return (readings[expert].own + strength * PriorLevel(prior)) / (weight + strength);
}

void HybridArm::Encode(ByteWriter& out) const {
  out.Put(static_cast<uint8_t>(prior_level.has_value()));
  for (const double number : {prior_level.value_or(0), prior_strength, weight, sum, bare_weight,
                              bare_sum, solved_weight, unforgotten}) {
    out.Put(number);
  }
  out.Put(outcomes);
  out.Put(watched_since);
  drift.Encode(out);
  out.Put(static_cast<uint8_t>(HasMatrix()));
  if (HasMatrix()) sums.Encode(out);
  for (const Reading& reading : readings) {
    out.Put(reading.own);
    out.PutArray(std::span<const double>(reading.theta.data(),
                                         static_cast<std::size_t>(reading.theta.size())));
  }
}

HybridArm HybridArm::Decode(Eigen::Index dimension, ByteReader& in) {
  HybridArm arm;
  const bool has_prior = in.GetBool();
  double prior = 0;
  for (double* number : {&prior, &arm.prior_strength, &arm.weight, &arm.sum, &arm.bare_weight,
                         &arm.bare_sum, &arm.solved_weight, &arm.unforgotten}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (arm.prior_strength < 0 || arm.weight < 0 || arm.bare_weight < 0) in.Fail();
  if (has_prior) arm.prior_level = prior;
  if (!has_prior && std::bit_cast<uint64_t>(prior) != 0) in.Fail();
  arm.outcomes = in.Get<uint32_t>();
  arm.watched_since = in.Get<uint64_t>();
  arm.drift.Decode(in);
  const bool has_matrix = in.GetBool();
  if (has_matrix) arm.sums = RegressionSums::Decode(dimension + 1, in);
  for (Reading& reading : arm.readings) {
    reading.own = in.Get<double>();
    if (!std::isfinite(reading.own)) in.Fail();
    reading.theta = GetVector(dimension, true, in);
  }
  return arm;
}

}  // namespace pointsman
