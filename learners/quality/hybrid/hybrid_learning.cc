// What the hybrid model learns (learners/quality/hybrid/hybrid.h has the formulas).
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "Eigen/Core"
#include "base/check.h"
#include "learners/quality/hybrid/hybrid_model.h"
#include "learners/quality/hybrid/hybrid_shared.h"

namespace pointsman::learners {
namespace {

using Eigen::MatrixXd;
using Eigen::Vector3d;
using Eigen::VectorXd;

constexpr uint32_t kMatricesMax = 2000;
constexpr double kWeightLeast = 1e-9;
constexpr double kFadedShare = 0.9;
constexpr double kDriftOutcomesMin = 30;
constexpr double kOutcomesAfterDrift = 24;
constexpr std::size_t kRefreshArmsMax = 64;
constexpr uint64_t kWithdrawnPart =
    64;  // of all outcomes; the next outcome brings the rest up to date

}  // namespace

void Hybrid::Learn(const Observation& observation) {
  POINTSMAN_CHECK(std::isfinite(observation.quality) && observation.weight >= 0);
  HybridArm& arm = arms_.Mutable(Index(observation.arm));
  const bool has_faded = Forget(arm);
  if (!observation.is_new()) {
    TakeBack(observation, arm);
    return;
  }
  const VectorXd z = Vector(observation.context, observation.features);
  weights_.Learn(observation);
  LearnHead(observation, arm, z);
  const double residual = observation.quality - Linear(&arm, kHybridCautious, z);
  AddEvidence(observation, z, arm);
  // Imported outcomes were measured elsewhere: they show no change of the arm.
  if (tuning_.detects_drift && !observation.is_imported) CheckDrift(observation, residual, arm);
  Read(arm, has_faded);
  if (++outcomes_ >= next_refresh_) {
    Refresh();
    next_refresh_ = outcomes_ + std::max<uint64_t>(16, outcomes_ / 8);
  }
}

// A correction or a withdrawal. It changes what is left of the outcome, where it was learned.
void Hybrid::TakeBack(const Observation& observation, HybridArm& arm) {
  const double anchor = observation.anchor.value_or(clock());
  const HybridArm::Since since = arm.CutsSince(anchor);
  const double weight = observation.weight * KeptSince(anchor, forget_outcomes_) * since.kept;
  const bool has_slope =
      arm.HasMatrix() && !observation.context.empty() && anchor >= arm.matrix_since;
  // Absent: a withdrawal. The residual of a withdrawn outcome is not stored.
  const std::optional<double> change =
      observation.is_withdrawal ? std::nullopt
                                : std::optional(observation.quality - observation.corrected_from);
  VectorXd x(dimension_ + 1);
  x << 1, Vector(observation.context, observation.features);
  if (observation.is_withdrawal) {
    const double y = observation.quality + since.shift;
    arm.weight = std::max(0.0, arm.weight - weight);
    arm.sum -= weight * y;
    arm.squares -= weight * y * y;
    if (has_slope) {
      arm.sums.Add(x, y, -weight);
    } else {
      arm.bare_weight = std::max(0.0, arm.bare_weight - weight);
      arm.bare_sum -= weight * y;
    }
    arm.ForgetMoved(anchor, weight, has_slope ? &x : nullptr);
    if (arm.weight < kWeightLeast) arm.weight = arm.sum = arm.squares = 0;
    if (arm.bare_weight < kWeightLeast) arm.bare_weight = arm.bare_sum = 0;
    arm.solved_weight = std::min(arm.solved_weight, arm.weight);
    next_refresh_ = std::min(next_refresh_, outcomes_ + 1);  // the shared prior is refreshed
  } else {
    const double was = observation.corrected_from + since.shift;
    arm.sum += weight * *change;
    arm.squares += weight * *change * (2 * was + *change);
    if (has_slope) {
      arm.sums.Correct(x, *change, weight);
    } else {
      arm.bare_sum += weight * *change;
    }
  }
  if (arm.TakeBackCause(anchor, std::min(1.0, observation.weight), change)) arm.watched_since = 0;
  Read(arm, arm.HasMatrix());
  if (observation.is_withdrawal &&
      ++withdrawn_ >= std::max<uint64_t>(1, outcomes_ / kWithdrawnPart)) {
    Refresh();
  }
}

void Hybrid::LearnHead(const Observation& observation, const HybridArm& arm, const VectorXd& z) {
  const double linear = Linear(&arm, kHybridBold, z);
  const Vector3d phi = Phi(observation.features, linear);
  if (!phi.isZero(0)) head_.Learn(phi, observation.quality - linear, observation.weight);
}

// Returns whether so much has faded that theta must be solved again.
bool Hybrid::Forget(HybridArm& arm) const {
  const double kept = Kept(arm);
  if (kept < 1) arm.Scale(kept);
  arm.clock = clock();
  return kept < kFadedShare;
}

void Hybrid::AddEvidence(const Observation& observation, const VectorXd& z, HybridArm& arm) {
  const double weight =
      observation.weight * KeptSince(observation.anchor.value_or(clock()), forget_outcomes_);
  const double y = observation.quality;
  arm.weight += weight;
  arm.sum += weight * y;
  arm.squares += weight * y * y;
  if (arm.outcomes < std::numeric_limits<uint32_t>::max()) ++arm.outcomes;
  if (arm.outcomes == kHybridTrialOutcomes) arm.watched_since = 0;
  // At once where a description counts, so that what it is worth is not taken for the arm's level.
  const bool has_earned = arm.outcomes > tuning_.outcomes_before_matrix || z[0] != 0;
  if (!arm.HasMatrix() && has_earned && !observation.context.empty() && matrices_ < kMatricesMax) {
    arm.sums = RegressionSums(dimension_ + 1);
    arm.matrix_since = BeginsAt(observation.anchor.value_or(clock()), clock());
    ++matrices_;
  }
  // The same rule as in TakeBack: an outcome that is learned again counts as of its first anchor.
  const bool is_older = observation.anchor.value_or(clock()) < arm.matrix_since;
  if (!arm.HasMatrix() || observation.context.empty() || is_older) {
    arm.bare_weight += weight;
    arm.bare_sum += weight * y;
    return;
  }
  VectorXd x(dimension_ + 1);
  x << 1, z;
  arm.sums.Add(x, y, weight);
}

void Hybrid::CheckDrift(const Observation& observation, double residual, HybridArm& arm) {
  if (arm.weight < kDriftOutcomesMin) return;
  const std::optional<DriftAlarm> alarm =
      arm.drift.Add(residual, std::min(1.0, observation.weight), arm.watched_since > 0, clock());
  if (!alarm) return;
  // Evidence gathered since the change already holds part of the shift. Little is kept,
  // so the error is small.
  arm.ShiftAndScale(*alarm, std::min(1.0, kOutcomesAfterDrift / arm.weight), clock());
  arm.watched_since = alarm->shift() < 0 ? outcomes_ + 1 : 0;
  Read(arm, true);
}

void Hybrid::Read(HybridArm& arm, bool must_solve) const {
  const double grown = arm.weight - arm.solved_weight;
  const bool solves =
      arm.HasMatrix() && (must_solve || grown >= std::max(4.0, arm.solved_weight / 16));
  const double strength = Strength();
  const MatrixXd moments = solves ? arm.SlopeMoments(strength) : MatrixXd();
  for (std::size_t expert = 0; expert < kHybridExperts; ++expert) {
    if (solves) {
      arm.ReadTheta(expert, priors_[expert], strength, moments);
    } else {
      arm.ReadOwn(expert, priors_[expert]);
    }
  }
  if (solves) arm.solved_weight = arm.weight;
}

void Hybrid::Refresh() {
  withdrawn_ = 0;
  if (forget_outcomes_ > 0) Settle();  // so that the evidence of all arms is as of the same clock
  std::vector<std::size_t> busiest;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const HybridArm* arm = arms_.Get(i);
    if (arm != nullptr && arm->HasMatrix()) busiest.push_back(i);
  }
  const std::size_t count = std::min(busiest.size(), kRefreshArmsMax);
  std::partial_sort(busiest.begin(), busiest.begin() + static_cast<std::ptrdiff_t>(count),
                    busiest.end(), [&](std::size_t a, std::size_t b) {
                      const double x = arms_.Get(a)->weight, y = arms_.Get(b)->weight;
                      return x != y ? x > y : a < b;
                    });
  busiest.resize(count);
  FitSpread();
  const SharedTuning tuning{Strength(), tuning_.slope_precision, SlopePrior()};
  for (std::size_t expert = 0; expert < kHybridExperts; ++expert) {
    LearnSharedPrior(tuning, expert, busiest, arms_, priors_[expert]);
  }
  for (const std::size_t i : busiest) arms_.Mutable(i).solved_weight = arms_.Get(i)->weight;
  // Where w stands for theta, the level follows w.
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const HybridArm* arm = arms_.Get(i);
    if (arm == nullptr || !arm->HasMatrix() || arm->readings[kHybridBold].theta.size() > 0)
      continue;
    Read(arms_.Mutable(i), false);
  }
}

void Hybrid::FitSpread() {
  const double shared = priors_[kHybridCautious].level;
  std::vector<HybridSpread::Level> levels;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const HybridArm* arm = arms_.Get(i);
    if (arm == nullptr || !(arm->weight > 0) || arm->prior_level) continue;
    const double own = arm->readings[kHybridCautious].own / arm->weight;
    levels.push_back(
        {own - shared, arm->weight, arm->sum / arm->weight, arm->squares, !arm->cuts.empty()});
  }
  spread_.Fit(levels, shared);
}

}  // namespace pointsman::learners
