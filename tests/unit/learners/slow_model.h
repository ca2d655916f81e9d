// The common part of the oracles of the quality models. An oracle keeps every outcome and answers each
// question from all of them, by the formula of the model's header and nothing cleverer. Forgetting is a
// weight of each kept outcome.
// Threads: values.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "Eigen/LU"
#include "domain/arm.h"
#include "gtest/gtest.h"
#include "learners/choice/expert_mixture.h"
#include "learners/choice/exploration.h"
#include "learners/quality/quality_model.h"

namespace pointsman::learners {

// (1, z); z is 0 without a vector.
inline Eigen::VectorXd OneAnd(std::span<const float> context, uint32_t dimension) {
  Eigen::VectorXd x = Eigen::VectorXd::Zero(dimension + 1);
  x[0] = 1;
  for (std::size_t i = 0; i < context.size(); ++i) {
    x[static_cast<Eigen::Index>(i) + 1] = double{context[i]};
  }
  return x;
}

// One kept outcome: its weight in precisions, and in sums of values; its anchor names it.
struct Kept {
  Eigen::VectorXd x;
  double weight = 0;
  double value = 0;
  double anchor = 0;
};

inline Kept KeptOf(const Observation& told, Eigen::VectorXd x) {
  return {std::move(x), told.weight, told.weight * told.quality, told.anchor.value_or(0)};
}

// Corrects or withdraws the observation's outcome in the history, if the history has it. Returns
// the weight that is gone.
inline double TakeBackIn(std::vector<Kept>& history, const Observation& told) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].anchor != *told.anchor) continue;
    if (told.is_correction) {
      history[i].value += history[i].weight * (told.quality - told.corrected_from);
      return 0;
    }
    const double gone = history[i].weight;
    history.erase(history.begin() + static_cast<std::ptrdiff_t>(i));
    return gone;
  }
  return 0;
}

inline void Fade(std::vector<Kept>& history, double kept) {
  for (Kept& one : history) one.weight *= kept, one.value *= kept;
}

// Dense normal equations of a whole history under the prior N(mean, diag(precision)^-1):
// {theta . x, sqrt(x' A^-1 x)}.
inline QualityEstimate DenseRidge(const std::vector<Kept>& history,
                                  const Eigen::VectorXd& precision, const Eigen::VectorXd& mean,
                                  const Eigen::VectorXd& x) {
  Eigen::MatrixXd a = precision.asDiagonal();
  Eigen::VectorXd b = precision.cwiseProduct(mean);
  for (const Kept& one : history) {
    a += one.weight * one.x * one.x.transpose();
    b += one.value * one.x;
  }
  const Eigen::MatrixXd inverse = a.inverse();
  return {(inverse * b).dot(x), std::sqrt(x.dot(inverse * x))};
}

// EXP4 over the recorded votes, in its multiplicative form: each expert's weight is multiplied by exp(rate *
// gain), after a power that forgets. Nothing is subtracted from the gains, because what is the same for all
// experts cancels in the shares.
class SlowShares {
 public:
  explicit SlowShares(const MixtureRule& rule) : rule_(rule) {}

  void Learn(const Observation& told) {
    const ExpertVotes& votes = told.features.votes;
    if (told.is_off_policy || !told.is_new() || votes == ExpertVotes{}) return;
    Gain gain{{}, told.weight, told.weight};
    double drawn = 0;
    const std::vector<double> shares = Shares();
    for (std::size_t i = 0; i < rule_.experts; ++i) {
      const double ratio = std::min(20.0, double{votes.ratio[i]});
      gain.of[i] = std::min(20.0, std::max(-20.0, ratio * (told.quality - double{votes.par})));
      drawn += shares[i] * ratio;
    }
    if (told.is_imported) gain.forgets *= std::min(1.0, drawn);
    gains_.push_back(gain);
  }

  std::vector<double> Shares() const {
    std::vector<double> log_weights(rule_.experts, 0.0), shares(rule_.experts);
    double sum = 0;
    for (std::size_t i = 0; i < rule_.experts; ++i) {
      for (const Gain& gain : gains_) {
        log_weights[i] = log_weights[i] * (1 - gain.forgets / rule_.memory) +
                         rule_.rate * gain.weight * gain.of[i];
      }
      sum += std::exp(log_weights[i]);
    }
    for (std::size_t i = 0; i < rule_.experts; ++i) {
      shares[i] = (1 - rule_.share_floor) * std::exp(log_weights[i]) / sum +
                  rule_.share_floor / static_cast<double>(rule_.experts);
    }
    return shares;
  }

 private:
  struct Gain {
    std::array<double, kExpertsMax> of;
    double weight;
    double forgets;  // as many outcomes
  };
  MixtureRule rule_;
  std::vector<Gain> gains_;
};

class SlowModel {
 public:
  virtual ~SlowModel() = default;
  virtual void PutArm(const Arm& arm) = 0;
  // The evidence of all arms fades by this many outcomes of the pool.
  virtual void Tick(double outcomes) = 0;
  virtual void Learn(const Observation& told) = 0;
  virtual QualityEstimate Estimate(std::span<const float> context, const ArmView& view) const = 0;
  virtual QualityEstimate Level(ArmId arm) const = 0;
  // For a model that mixes choices: each expert's estimate, each expert's share, and the least probability of
  // this arm. Empty shares: the model does not mix.
  virtual std::vector<QualityEstimate> Opinions(std::span<const float> /*context*/,
                                                const ArmView& /*view*/) const {
    return {};
  }
  virtual std::vector<double> Shares() const { return {}; }
  virtual double Floor(ArmId /*arm*/) const { return 0; }
  // What the draw adds to the arm's mean, the factor on its deviations, and the share for possible arms.
  virtual double Bonus(std::size_t /*expert*/, const ArmView& /*view*/) const { return 0; }
  virtual double Width() const { return 1; }
  virtual double PossibleShare() const { return 0; }
};

}  // namespace pointsman::learners
