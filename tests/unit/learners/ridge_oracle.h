// The oracles of `linucb`, `mixture` and `lin_thompson`: dense ridge regressions over the whole history of
// each arm, recomputed for every question.
// Threads: values.
#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "slow_model.h"

namespace pointsman::learners {

// An arm's priors are those it had when it got its matrix: with the first outcome that has a vector
// (linucb, mixture), or with the 20th outcome (lin_thompson).
struct SlowRidgeArm {
  double prior_mean = 0.5, prior_strength = 1;
  std::vector<Kept> history;
  bool has_matrix = false;
  int outcomes = 0;
  // The share of the evidence that has been left since the matrix last faded, and the outcomes since.
  double kept = 1, lag = 0;

  void Put(const Arm& settings) {
    if (has_matrix) return;
    prior_mean = settings.prior_quality.value_or(0.5);
    const bool has_strength = settings.prior_quality && settings.prior_strength > 0;
    prior_strength = has_strength ? settings.prior_strength : 1;
  }

  void Tick(double passed, double forget_outcomes) {
    if (!(forget_outcomes > 0)) return;
    const double left = std::exp(-passed / forget_outcomes);
    Fade(history, left);
    kept *= left;
    lag += passed;
  }
  // With an outcome of the arm, the matrix fades once it has lost 5% or 32 outcomes have passed.
  void Touch() {
    if (has_matrix && kept > 1 - 0.05 && lag < 32) return;
    kept = 1;
    lag = 0;
  }

  // The estimate of a matrix whose evidence has not faded yet, faded along x (Faded, quality_model.h).
  QualityEstimate At(const Eigen::VectorXd& x, double precision) const {
    Eigen::VectorXd precisions = Eigen::VectorXd::Constant(x.size(), precision);
    precisions[0] = prior_strength;
    const Eigen::VectorXd mean = prior_mean * Eigen::VectorXd::Unit(x.size(), 0);
    if (!has_matrix || kept == 1) return DenseRidge(history, precisions, mean, x);
    std::vector<Kept> standing = history;
    Fade(standing, 1 / kept);
    const QualityEstimate stands = DenseRidge(standing, precisions, mean, x);
    const QualityEstimate prior = DenseRidge({}, precisions, mean, x);
    const double p = kept / (stands.stddev * stands.stddev);
    const double q = (1 - kept) / (prior.stddev * prior.stddev);
    return {(p * stands.mean + q * prior.mean) / (p + q), 1 / std::sqrt(p + q)};
  }

  // As if no outcome had come with a vector.
  QualityEstimate Level() const {
    double weight = prior_strength, value = prior_strength * prior_mean;
    for (const Kept& one : history) weight += one.weight, value += one.value;
    return {value / weight, 1 / std::sqrt(weight)};
  }
};

class SlowRidges : public SlowModel {
 public:
  SlowRidges(uint32_t dimension, double forget_outcomes)
      : dimension_(dimension), forget_outcomes_(forget_outcomes) {}

  void PutArm(const Arm& settings) override { arms_[settings.id].Put(settings); }
  void Tick(double outcomes) override {
    for (auto& [id, arm] : arms_) arm.Tick(outcomes, forget_outcomes_);
  }

  void Learn(const Observation& told) override {
    SlowRidgeArm& arm = arms_[told.arm];
    arm.Touch();
    if (!told.is_new()) {
      TakeBackIn(arm.history, told);
      return;
    }
    arm.has_matrix = arm.has_matrix || !told.context.empty();
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
    return {at.mean, 0.3 * at.stddev};
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

  // The first 20 outcomes teach the level alone.
  void Learn(const Observation& told) override {
    SlowRidgeArm& arm = arms_[told.arm];
    arm.Touch();
    if (!told.is_new()) {
      TakeBackIn(arm.history, told);
      if (told.is_withdrawal && !arm.has_matrix) --arm.outcomes;
      return;
    }
    const auto x = OneAnd(arm.has_matrix ? told.context : std::span<const float>{}, dimension_);
    arm.history.push_back(KeptOf(told, x));
    arm.has_matrix = ++arm.outcomes >= 20 || arm.has_matrix;
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

}  // namespace pointsman::learners
