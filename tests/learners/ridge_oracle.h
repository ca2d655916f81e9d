// The oracles of `linucb`, `mixture` and `lin_thompson`: dense ridge regressions over the whole
// history of each arm, made anew for every question.
// Threads: values.
#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "slow_model.h"

namespace pointsman {

// An arm's priors are those it had when it got its matrix: with the first outcome that has a vector
// (linucb, mixture), or with the 20th outcome (lin_thompson).
struct SlowRidgeArm {
  double prior_mean = 0.5, prior_strength = 1;
  std::vector<Kept> history;
  bool has_matrix = false;
  int outcomes = 0;
  double unforgotten = 0;  // weight of the outcomes since the last forgetting
  int block = 0;           // their number

  void Put(const Arm& settings) {
    if (has_matrix) return;
    prior_mean = settings.prior_quality.value_or(0.5);
    const bool has_strength = settings.prior_quality && settings.prior_strength > 0;
    prior_strength = has_strength ? settings.prior_strength : 1;
  }

  QualityEstimate At(const Eigen::VectorXd& x, double precision) const {
    Eigen::VectorXd precisions = Eigen::VectorXd::Constant(x.size(), precision);
    precisions[0] = prior_strength;
    return DenseRidge(history, precisions, prior_mean * Eigen::VectorXd::Unit(x.size(), 0), x);
  }

  // As if no outcome had come with a vector.
  QualityEstimate Level() const {
    double weight = prior_strength, value = prior_strength * prior_mean;
    for (const Kept& one : history) weight += one.weight, value += one.value;
    return {value / weight, 1 / std::sqrt(weight)};
  }

  void ForgetBlock(double forget_outcomes) {
    Fade(history, std::exp(-unforgotten / forget_outcomes));
    unforgotten = 0;
    block = 0;
  }
};

class SlowRidges : public SlowModel {
 public:
  SlowRidges(uint32_t dimension, double forget_outcomes)
      : dimension_(dimension), forget_outcomes_(forget_outcomes) {}

  void PutArm(const Arm& settings) override { arms_[settings.id].Put(settings); }

  // Evidence fades once 32 outcomes' weight has come in, with the next outcome.
  void Learn(const Observation& told) override {
    SlowRidgeArm& arm = arms_[told.arm];
    if (!told.is_correction) {
      if (forget_outcomes_ > 0 && arm.unforgotten >= 32) arm.ForgetBlock(forget_outcomes_);
      arm.has_matrix = arm.has_matrix || !told.context.empty();
      arm.unforgotten += told.weight;
    }
    arm.history.push_back(KeptOf(told, OneAnd(told.context, dimension_)));
  }

 protected:
  SlowRidgeArm ArmOf(ArmId id) const {
    const auto found = arms_.find(id);
    return found == arms_.end() ? SlowRidgeArm{} : found->second;
  }

  uint32_t dimension_;
  double forget_outcomes_;
  std::map<ArmId, SlowRidgeArm> arms_;
};

class SlowLinUcb final : public SlowRidges {
 public:
  using SlowRidges::SlowRidges;

  QualityEstimate Estimate(std::span<const float> context, const ArmView& view) const override {
    const QualityEstimate at = ArmOf(view.arm->id).At(OneAnd(context, dimension_), 1);
    return {at.mean + 0.3 * at.stddev, 0};
  }
  QualityEstimate Level(ArmId id) const override {
    const QualityEstimate level = ArmOf(id).Level();
    return {level.mean, 0.3 * level.stddev};
  }
};

class SlowMixture final : public SlowRidges {
 public:
  using SlowRidges::SlowRidges;

  void Learn(const Observation& told) override {
    shares_.Learn(told);
    SlowRidges::Learn(told);
  }

  // (scale, width) = (0, 0.3), (0.2, 0.3), (1, 0.1): features scaled by s under the prior I are
  // features as they are under the prior I / s^2.
  std::vector<QualityEstimate> Opinions(std::span<const float> context,
                                        const ArmView& view) const override {
    const SlowRidgeArm arm = ArmOf(view.arm->id);
    const Eigen::VectorXd x = OneAnd(context, dimension_);
    const QualityEstimate hard = arm.At(x, 25), soft = arm.At(x, 1);
    return {Level(view.arm->id), {hard.mean, 0.3 * hard.stddev}, {soft.mean, 0.1 * soft.stddev}};
  }
  std::vector<double> Shares() const override { return shares_.Shares(); }

  QualityEstimate Estimate(std::span<const float> context, const ArmView& view) const override {
    const std::vector<QualityEstimate> opinions = Opinions(context, view);
    const std::vector<double> shares = Shares();
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < opinions.size(); ++i) {
      mean += shares[i] * opinions[i].mean;
      variance += shares[i] * opinions[i].stddev * opinions[i].stddev;
    }
    return {mean, std::sqrt(variance)};
  }
  QualityEstimate Level(ArmId id) const override {
    const QualityEstimate level = ArmOf(id).Level();
    return {level.mean, 0.3 * level.stddev};
  }

 private:
  SlowShares shares_{{3, 0.04, 1e12, 0.03}};
};

class SlowLinThompson final : public SlowRidges {
 public:
  using SlowRidges::SlowRidges;

  void Learn(const Observation& told) override {
    SlowRidgeArm& arm = arms_[told.arm];
    const auto x = OneAnd(arm.has_matrix ? told.context : std::span<const float>{}, dimension_);
    if (!told.is_correction && forget_outcomes_ > 0) {
      if (!arm.has_matrix) Fade(arm.history, std::exp(-told.weight / forget_outcomes_));
      if (arm.block >= 32) arm.ForgetBlock(forget_outcomes_);
    }
    arm.history.push_back(KeptOf(told, x));
    if (told.is_correction) return;
    if (arm.has_matrix) ++arm.block, arm.unforgotten += told.weight;
    arm.has_matrix = ++arm.outcomes >= 20;
  }

  QualityEstimate Estimate(std::span<const float> context, const ArmView& view) const override {
    return Scaled(ArmOf(view.arm->id).At(OneAnd(context, dimension_), 25));
  }
  QualityEstimate Level(ArmId id) const override {
    return Scaled(ArmOf(id).At(OneAnd({}, dimension_), 25));
  }

 private:
  static QualityEstimate Scaled(QualityEstimate estimate) {
    return {estimate.mean, 0.35 * estimate.stddev};
  }
};

}  // namespace pointsman
