#include "learners/linear/ridge_arm.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "base/check.h"

namespace pointsman::learners {

using Eigen::VectorXd;

namespace {
// A factorisation applies forgetting once evidence has lost this share, or after 32 outcomes of the pool.
// Until then, new outcomes count for more instead.
constexpr double kForgetShare = 0.05;
constexpr double kForgetBlock = 32;
constexpr double kWeightLeast = 1e-9;
}  // namespace

VectorXd WithIntercept(std::span<const float> context, Eigen::Index dimension) {
  POINTSMAN_CHECK(context.empty() || static_cast<Eigen::Index>(context.size()) == dimension);
  VectorXd x = VectorXd::Zero(dimension + 1);
  x[0] = 1;
  for (std::size_t i = 0; i < context.size(); ++i) {
    x[static_cast<Eigen::Index>(i) + 1] = static_cast<double>(context[i]);
  }
  return x;
}

void RidgeArm::Put(const Arm& settings) {
  if (OwnsPosteriors()) return;
  prior_mean_ = settings.prior_quality.value_or(0.5);
  const bool has_strength = settings.prior_quality && settings.prior_strength > 0;
  prior_strength_ = has_strength ? settings.prior_strength : 1;
}

void RidgeArm::Believe(double level, double strength) {
  prior_mean_ = level;
  prior_strength_ = strength;
}

void RidgeArm::Grow(Eigen::Index size, std::span<const double> precisions) {
  for (std::size_t i = 0; i < posteriors_.size(); ++i) posteriors_[i].Grow(size, precisions[i]);
}

VectorXd RidgeArm::PriorPrecision(Eigen::Index size, double precision) const {
  VectorXd precisions = VectorXd::Constant(size, precision);
  precisions[0] = prior_strength_;
  return precisions;
}

VectorXd RidgeArm::PriorMean(Eigen::Index size) const {
  VectorXd mean = VectorXd::Zero(size);
  mean[0] = prior_mean_;
  return mean;
}

void RidgeArm::Learn(const Observation& observation, const Eigen::Ref<const VectorXd>& x,
                     std::span<const double> precisions, double forget_outcomes, double clock,
                     bool may_own) {
  const auto kept_since = [&](double then) {
    return forget_outcomes > 0 ? std::exp(-std::max(0.0, clock - then) / forget_outcomes) : 1;
  };
  if (const double kept = kept_since(clock_);
      kept < 1 &&
      (!OwnsPosteriors() || kept <= 1 - kForgetShare || clock - clock_ >= kForgetBlock)) {
    Forget(precisions, kept);
    clock_ = clock;
  }
  if (forget_outcomes <= 0) clock_ = clock;
  if (observation.is_new() && !OwnsPosteriors() && may_own && !observation.context.empty()) {
    for (const double precision : precisions) {
      posteriors_.emplace_back(PriorPrecision(x.size(), precision), PriorMean(x.size()));
      const VectorXd level = VectorXd::Unit(x.size(), 0);
      if (weight_ > 0) posteriors_.back().Add(level, sum_ / weight_, weight_);
    }
    // An old outcome that is learned again has an old anchor. Outcomes already learned may have the present
    // clock as theirs, so the posteriors then start just after the present clock.
    const double first = observation.anchor.value_or(clock);
    owned_since_ =
        first < clock ? std::nextafter(clock, std::numeric_limits<double>::infinity()) : clock;
  }
  const double anchor = observation.anchor.value_or(clock);
  const double weight = observation.weight * kept_since(anchor) / kept_since(clock_);
  const double y = observation.quality;
  // Outcomes from before the arm owned posteriors taught the level alone.
  VectorXd at = x;
  if (anchor < owned_since_) at.tail(at.size() - 1).setZero();
  if (observation.is_correction) {
    const double change = y - observation.corrected_from;
    sum_ += weight * change;
    for (RidgePosterior& posterior : posteriors_) posterior.Correct(at, change, weight);
    return;
  }
  const double sign = observation.is_withdrawal ? -1 : 1;
  for (RidgePosterior& posterior : posteriors_) {
    if (observation.is_withdrawal) {
      posterior.Remove(at, y, weight);
    } else {
      posterior.Add(at, y, weight);
    }
  }
  sum_ += sign * weight * y;
  weight_ += sign * weight;
  if (weight_ < kWeightLeast) sum_ = weight_ = 0;
}

void RidgeArm::Settle(std::span<const double> precisions, double kept, double clock) {
  if (kept < 1) Forget(precisions, kept);
  clock_ = clock;
}

void RidgeArm::Forget(std::span<const double> precisions, double kept) {
  sum_ *= kept;
  weight_ *= kept;
  for (std::size_t i = 0; i < posteriors_.size(); ++i) {
    const Eigen::Index size = posteriors_[i].size();
    posteriors_[i].Forget(kept, PriorPrecision(size, precisions[i]), PriorMean(size));
  }
}

QualityEstimate RidgeArm::Level(double kept) const {
  const double total = prior_strength_ + kept * weight_;
  return {(prior_strength_ * prior_mean_ + kept * sum_) / total, 1 / std::sqrt(total)};
}

QualityEstimate RidgeArm::At(std::size_t i, double precision, const Eigen::Ref<const VectorXd>& x,
                             double kept) const {
  const double spread = x.tail(x.size() - 1).squaredNorm() / precision;
  if (OwnsPosteriors()) {
    const QualityEstimate prior{prior_mean_, std::sqrt(1 / prior_strength_ + spread)};
    return Faded({posteriors_[i].Mean(x), std::sqrt(posteriors_[i].Variance(x))}, prior, kept);
  }
  QualityEstimate level = Level(kept);
  level.stddev = std::sqrt(level.stddev * level.stddev + spread);
  return level;
}

void RidgeArm::Encode(ByteWriter& out) const {
  for (const double number : {prior_mean_, prior_strength_, sum_, weight_, clock_, owned_since_}) {
    out.Put(number);
  }
  out.Put(static_cast<uint8_t>(OwnsPosteriors()));
  for (const RidgePosterior& posterior : posteriors_) posterior.Encode(out);
}

RidgeArm RidgeArm::Decode(Eigen::Index size, std::size_t regressions, ByteReader& in) {
  RidgeArm arm;
  const bool is_old = in.format() < 4;
  double unforgotten = 0;  // before format 4: weight that had yet to fade with the next block
  for (double* number : {&arm.prior_mean_, &arm.prior_strength_, &arm.sum_, &arm.weight_,
                         is_old ? &unforgotten : &arm.clock_}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (!is_old) arm.owned_since_ = in.Get<double>();
  if (!(arm.prior_strength_ > 0) || arm.weight_ < 0 || !std::isfinite(arm.owned_since_)) in.Fail();
  if (!in.GetBool()) return arm;
  for (std::size_t i = 0; i < regressions; ++i) {
    arm.posteriors_.push_back(RidgePosterior::Decode(size, in));
  }
  return arm;
}

}  // namespace pointsman::learners
