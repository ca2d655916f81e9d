#include "learners/mixture_arm.h"

#include <cmath>
#include <initializer_list>

#include "base/check.h"

namespace pointsman {

using Eigen::VectorXd;

namespace {
constexpr double kForgetBlock = 32;  // outcomes between two forgettings: each costs a factorisation
}

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
                     std::span<const double> precisions, double forget_outcomes, bool may_own) {
  const double y = observation.quality, weight = observation.weight;
  if (observation.is_correction) {
    const double change = y - observation.corrected_from;
    sum_ += weight * change;
    for (RidgePosterior& posterior : posteriors_) posterior.Correct(x, change, weight);
    return;
  }
  Forget(precisions, forget_outcomes);
  if (!OwnsPosteriors() && may_own && !observation.context.empty()) {
    for (const double precision : precisions) {
      posteriors_.emplace_back(PriorPrecision(x.size(), precision), PriorMean(x.size()));
      const VectorXd level = VectorXd::Unit(x.size(), 0);
      if (weight_ > 0) posteriors_.back().Add(level, sum_ / weight_, weight_);
    }
  }
  for (RidgePosterior& posterior : posteriors_) posterior.Add(x, y, weight);
  sum_ += weight * y;
  weight_ += weight;
  unforgotten_ += weight;
}

void RidgeArm::Forget(std::span<const double> precisions, double forget_outcomes) {
  if (!(forget_outcomes > 0) || unforgotten_ < kForgetBlock) return;
  const double kept = std::exp(-unforgotten_ / forget_outcomes);
  unforgotten_ = 0;
  sum_ *= kept;
  weight_ *= kept;
  for (std::size_t i = 0; i < posteriors_.size(); ++i) {
    const Eigen::Index size = posteriors_[i].size();
    posteriors_[i].Forget(kept, PriorPrecision(size, precisions[i]), PriorMean(size));
  }
}

QualityEstimate RidgeArm::Level() const {
  const double total = prior_strength_ + weight_;
  return {(prior_strength_ * prior_mean_ + sum_) / total, 1 / std::sqrt(total)};
}

QualityEstimate RidgeArm::At(std::size_t i, double precision,
                             const Eigen::Ref<const VectorXd>& x) const {
  if (OwnsPosteriors()) return {posteriors_[i].Mean(x), std::sqrt(posteriors_[i].Variance(x))};
  QualityEstimate level = Level();
  const double spread = x.tail(x.size() - 1).squaredNorm() / precision;
  level.stddev = std::sqrt(level.stddev * level.stddev + spread);
  return level;
}

void RidgeArm::Encode(ByteWriter& out) const {
  for (const double number : {prior_mean_, prior_strength_, sum_, weight_, unforgotten_}) {
    out.Put(number);
  }
  out.Put(static_cast<uint8_t>(OwnsPosteriors()));
  for (const RidgePosterior& posterior : posteriors_) posterior.Encode(out);
}

RidgeArm RidgeArm::Decode(Eigen::Index size, std::size_t regressions, ByteReader& in) {
  RidgeArm arm;
  for (double* number :
       {&arm.prior_mean_, &arm.prior_strength_, &arm.sum_, &arm.weight_, &arm.unforgotten_}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (!(arm.prior_strength_ > 0) || arm.weight_ < 0 || arm.unforgotten_ < 0) in.Fail();
  if (!in.GetBool()) return arm;
  for (std::size_t i = 0; i < regressions; ++i) {
    arm.posteriors_.push_back(RidgePosterior::Decode(size, in));
  }
  return arm;
}

}  // namespace pointsman
