#include "learners/quality/hybrid/hybrid_arm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

namespace pointsman::learners {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kCutsKept = 8;
constexpr double kCauseKept = 0.5;  // with less of the cause left, there was no change

void PutVector(const VectorXd& numbers, ByteWriter& out) {
  out.PutArray(std::span<const double>(numbers.data(), static_cast<std::size_t>(numbers.size())));
}

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

HybridArm::Cut GetCut(Eigen::Index dimension, ByteReader& in) {
  HybridArm::Cut cut;
  for (double* number : {&cut.clock, &cut.shift, &cut.kept, &cut.since, &cut.cause, &cut.cause_left,
                         &cut.moved_weight, &cut.moved_bare}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (cut.kept < 0 || cut.moved_weight < 0 || cut.moved_bare < 0) in.Fail();
  cut.moved_first = GetVector(dimension + 1, true, in);
  return cut;
}

// The vector with a 0 inserted; of size 0 it stays so.
void InsertZero(Eigen::Index index, VectorXd& numbers) {
  if (numbers.size() == 0) return;
  VectorXd wider = VectorXd::Zero(numbers.size() + 1);
  wider.head(index) = numbers.head(index);
  wider.tail(numbers.size() - index) = numbers.tail(numbers.size() - index);
  numbers = std::move(wider);
}

}  // namespace

void HybridArm::AddLead() {
  if (HasMatrix()) sums.Insert(1);
  for (Cut& cut : cuts) InsertZero(1, cut.moved_first);
  for (Reading& reading : readings) InsertZero(0, reading.theta);
}

void HybridArm::Scale(double kept) {
  for (double* number : {&weight, &sum, &squares, &bare_weight, &bare_sum, &solved_weight}) {
    *number *= kept;
  }
  if (HasMatrix()) sums.Scale(kept);
  for (Reading& reading : readings) reading.own *= kept;
  for (Cut& cut : cuts) {
    cut.moved_weight *= kept;
    cut.moved_bare *= kept;
    cut.moved_first *= kept;
  }
}

void HybridArm::ShiftAndScale(const DriftAlarm& cause, double kept, double at_clock) {
  Cut cut;
  cut.clock = at_clock;
  cut.shift = cause.shift();
  cut.kept = kept;
  cut.since = cause.since;
  cut.cause = cut.cause_left = cause.sum;
  cut.moved_weight = weight;
  cut.moved_bare = bare_weight;
  if (HasMatrix()) cut.moved_first = sums.FirstMoments();
  if (cuts.size() == kCutsKept) cuts.erase(cuts.begin());
  cuts.push_back(std::move(cut));
  Move(cuts.back(), cuts.back().shift);
  Scale(kept);
}

void HybridArm::Move(const Cut& cut, double change) {
  sum += change * cut.moved_weight;
  bare_sum += change * cut.moved_bare;
  if (HasMatrix() && cut.moved_first.size() > 0) sums.Move(cut.moved_first, change);
}

void HybridArm::ForgetMoved(double then, double gone, const VectorXd* x) {
  for (Cut& cut : cuts) {
    if (cut.clock < then) continue;
    cut.moved_weight = std::max(0.0, cut.moved_weight - gone);
    if (x == nullptr) {
      cut.moved_bare = std::max(0.0, cut.moved_bare - gone);
    } else if (cut.moved_first.size() > 0) {
      cut.moved_first -= gone * *x;
    }
  }
}

bool HybridArm::TakeBackCause(double then, double of_weight, std::optional<double> change) {
  bool is_undone = false;
  for (Cut& cut : cuts) {
    if (!is_undone) {
      if (cut.clock < then || then < cut.since || cut.cause == 0) continue;
      cut.cause_left += of_weight * change.value_or(-cut.shift);
      is_undone = cut.cause_left / cut.cause < kCauseKept;
    }
    // Later changes were measured from a level that was wrong.
    if (!is_undone) continue;
    Move(cut, -cut.shift);
    cut.shift = cut.cause = 0;
  }
  if (is_undone) drift = {};
  return is_undone;
}

HybridArm::Since HybridArm::CutsSince(double then) const {
  Since since;
  for (const Cut& cut : cuts) {
    if (cut.clock < then) continue;
    since.kept *= cut.kept;
    since.shift += cut.shift;
  }
  return since;
}

void HybridArm::Grow(Eigen::Index size) {
  if (HasMatrix()) sums.Grow(size + 1);
  for (Cut& cut : cuts) {
    if (cut.moved_first.size() > 0)
      cut.moved_first.conservativeResizeLike(VectorXd::Zero(size + 1));
  }
  for (Reading& reading : readings) {
    if (reading.theta.size() > 0) reading.theta.conservativeResizeLike(VectorXd::Zero(size));
  }
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
  const VectorXd p = prior.Precisions();
  precision.diagonal() += p;
  readings[expert].theta = SolvePositive(
      std::move(precision), SlopeCross(prior, level_strength) + p.cwiseProduct(prior.slope));
  ReadOwn(expert, prior);
}

void HybridArm::ReadOwn(std::size_t expert, const HybridPrior& prior) {
  Reading& reading = readings[expert];
  reading.own = sum;
  if (!HasMatrix()) return;
  const VectorXd& slope = reading.theta.size() == 0 ? prior.slope : reading.theta;
  reading.own -= sums.FirstMoments().tail(sums.size() - 1).dot(slope);
}

double HybridArm::Level(std::size_t expert, const HybridPrior& prior, double level_strength,
                        double kept) const {
  const double strength = PriorStrength(level_strength);
  return (kept * readings[expert].own + strength * PriorLevel(prior)) / (kept * weight + strength);
}

void HybridArm::Encode(ByteWriter& out) const {
  out.Put(static_cast<uint8_t>(prior_level.has_value()));
  for (const double number : {prior_level.value_or(0), prior_strength, weight, sum, bare_weight,
                              bare_sum, solved_weight, clock, matrix_since}) {
    out.Put(number);
  }
  out.Put(static_cast<uint64_t>(cuts.size()));
  for (const Cut& cut : cuts) {
    for (const double number : {cut.clock, cut.shift, cut.kept, cut.since, cut.cause,
                                cut.cause_left, cut.moved_weight, cut.moved_bare}) {
      out.Put(number);
    }
    PutVector(cut.moved_first, out);
  }
  out.Put(squares);
  out.Put(outcomes);
  out.Put(watched_since);
  drift.Encode(out);
  out.Put(static_cast<uint8_t>(HasMatrix()));
  if (HasMatrix()) sums.Encode(out);
  for (const Reading& reading : readings) {
    out.Put(reading.own);
    PutVector(reading.theta, out);
  }
}

HybridArm HybridArm::Decode(Eigen::Index dimension, ByteReader& in) {
  const bool has_lead = in.format() >= 5;
  if (!has_lead) --dimension;
  HybridArm arm;
  const bool has_prior = in.GetBool();
  double prior = 0;
  const bool is_old = in.format() < 4;
  double unforgotten = 0;  // before format 4: weight that had yet to fade with the next block
  for (double* number : {&prior, &arm.prior_strength, &arm.weight, &arm.sum, &arm.bare_weight,
                         &arm.bare_sum, &arm.solved_weight, is_old ? &unforgotten : &arm.clock}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (!is_old) {
    arm.matrix_since = in.Get<double>();
    if (!std::isfinite(arm.matrix_since)) in.Fail();
    const uint64_t cuts = in.GetCount(8 * sizeof(double));
    if (cuts > kCutsKept) in.Fail();
    for (uint64_t i = 0; i < cuts && in.ok(); ++i) arm.cuts.push_back(GetCut(dimension, in));
  }
  if (arm.prior_strength < 0 || arm.weight < 0 || arm.bare_weight < 0) in.Fail();
  if (has_prior) arm.prior_level = prior;
  if (!has_prior && std::bit_cast<uint64_t>(prior) != 0) in.Fail();
  // Older formats do not have it: as if all outcomes were 0 or 1.
  arm.squares = has_lead ? in.Get<double>() : arm.sum;
  if (!std::isfinite(arm.squares)) in.Fail();
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
  if (!has_lead) arm.AddLead();
  return arm;
}

}  // namespace pointsman::learners
