// The oracle of `hybrid`. It keeps every outcome and computes each answer from all of them by dense
// equations. What the model's header puts on a schedule (theta_a; w, m and theta_a together) is recomputed at
// the same moments, from the whole history.
// Threads: values.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "learners/quality/hybrid/hybrid.h"
#include "slow_model.h"

namespace pointsman::learners {

class SlowHybrid final : public SlowModel {
 public:
  SlowHybrid(uint32_t dimension, double forget_outcomes, HybridTuning tuning = {},
             double description_weight = LearnerSettings().description_weight)
      : d_(static_cast<Eigen::Index>(dimension) + 1),
        forget_outcomes_(forget_outcomes),
        description_weight_(description_weight),
        tuning_(tuning),
        shares_(tuning.mixture),
        experts_{MakeExpert(tuning.cautious_precision), MakeExpert(tuning.bold_precision)} {}

  void PutArm(const Arm& settings) override {
    const bool is_late = arms_.count(settings.id) == 0 && outcomes_ >= 1000;
    arms_[settings.id].settings = settings;
    if (is_late && tuning_.detects_drift) arms_[settings.id].watched_since = outcomes_;
    SolveIfGrown(arms_[settings.id]);
  }

  void Learn(const Observation& told) override {
    SlowArm& arm = arms_[told.arm];
    Kept kept = KeptOf(told, X(told.context, told.features));
    const bool has_vector = !told.context.empty();
    const bool has_faded = arm.kept < 0.9;
    arm.kept = 1;
    if (!told.is_new()) {
      arm.weight -= TakeBackIn(arm.linear, told) + TakeBackIn(arm.bare, told);
      arm.solved_weight = std::min(arm.solved_weight, arm.weight);
      if (told.is_withdrawal) next_refresh_ = std::min(next_refresh_, outcomes_ + 1);
      if (arm.has_matrix) Solve(arm);
      if (told.is_withdrawal && ++withdrawn_ >= std::max<uint64_t>(1, outcomes_ / 64)) Refresh();
      return;
    }
    shares_.Learn(told);
    LearnHead(told, arm, kept.x);
    const double residual = told.quality - Linear(arm, 0, kept.x);
    const double anchor = told.anchor.value_or(clock_);
    const bool has_earned = arm.outcomes + 1 > tuning_.outcomes_before_matrix || kept.x[1] != 0;
    if (!arm.has_matrix && has_earned && has_vector) {
      arm.has_matrix = true;
      // An old outcome that is learned again was one of those that taught the level alone.
      arm.matrix_since = anchor < clock_ ? std::nextafter(clock_, 1e300) : clock_;
    }
    if (++arm.outcomes == 40) arm.watched_since = 0;
    arm.weight += told.weight;
    const bool is_linear = arm.has_matrix && has_vector && anchor >= arm.matrix_since;
    (is_linear ? arm.linear : arm.bare).push_back(std::move(kept));
    if (tuning_.detects_drift && !told.is_imported) CheckDrift(told.weight, residual, arm);
    SolveIfGrown(arm);
    if (has_faded && arm.has_matrix) Solve(arm);
    if (++outcomes_ < next_refresh_) return;
    Refresh();
    next_refresh_ = outcomes_ + std::max<uint64_t>(16, outcomes_ / 8);
  }

  void Tick(double outcomes) override {
    clock_ += outcomes;
    if (!(forget_outcomes_ > 0)) return;
    const double left = std::exp(-outcomes / forget_outcomes_);
    for (auto& [id, arm] : arms_) {
      arm.Scale(left);
      arm.kept *= left;
    }
  }

  QualityEstimate Estimate(std::span<const float> context, const ArmView& view) const override {
    const std::vector<QualityEstimate> opinions = Opinions(context, view);
    const std::vector<double> shares = Shares();
    return {shares[0] * opinions[0].mean + shares[1] * opinions[1].mean, opinions[0].stddev};
  }
  QualityEstimate Level(ArmId id) const override {
    const SlowArm arm = ArmOf(id);
    return {Linear(arm, 0, X({}, {})), Deviation(arm)};
  }
  std::vector<QualityEstimate> Opinions(std::span<const float> context,
                                        const ArmView& view) const override {
    const SlowArm arm = ArmOf(view.arm->id);
    const Eigen::VectorXd x = X(context, view.features);
    const double bold = Linear(arm, 1, x);
    return {{Linear(arm, 0, x), Deviation(arm)},
            {bold + Beta().dot(Phi(view.features, bold)), Deviation(arm)}};
  }
  std::vector<double> Shares() const override { return shares_.Shares(); }
  double Floor(ArmId id) const override {
    const SlowArm arm = ArmOf(id);
    if (arm.watched_since == 0) return 0;
    const double share = arm.outcomes < 40 ? 0.025 : 0.02;
    if (outcomes_ <= arm.watched_since + 2000) return share;
    return share * 2000 / static_cast<double>(outcomes_ - arm.watched_since);
  }
  double Width() const override { return tuning_.width; }
  double PossibleShare() const override { return tuning_.possible_share; }
  double Bonus(std::size_t expert, const ArmView& view) const override {
    const Expert& e = experts_[0];
    const double possible = e.w[0] + std::sqrt(OutcomeVariance(e.m) * e.lead_variance);
    const double trust = std::min(1.0, std::max(0.0, (possible - 0.03) / 0.12));
    const double claim = trust * double{view.features.description_lead} * 0.3;
    return expert == 0 ? 0 : claim * 50 / (ArmOf(view.arm->id).weight + 50);
  }
  int alarms() const { return alarms_; }

 private:
  struct Expert {
    double precision;
    double m;
    Eigen::VectorXd w;
    double lead_variance;
  };
  // The prior mean of w: a description's lead comes first.
  Eigen::VectorXd SlopePrior() const { return description_weight_ * Eigen::VectorXd::Unit(d_, 0); }
  Expert MakeExpert(double precision) const {
    return {precision, 0.5, SlopePrior(), 1 / tuning_.slope_precision};
  }
  Eigen::VectorXd Precisions(std::size_t e) const {
    Eigen::VectorXd precisions = Eigen::VectorXd::Constant(d_, experts_[e].precision);
    precisions[0] = tuning_.lead_precision;
    return precisions;
  }
  // (1, lead, z); 0 without a vector.
  Eigen::VectorXd X(std::span<const float> context, const ArmFeatures& features) const {
    std::vector<float> entries(static_cast<std::size_t>(d_), 0.0f);
    if (!context.empty()) {
      entries[0] = features.description_lead;
      std::copy(context.begin(), context.end(), entries.begin() + 1);
    }
    return OneAnd(entries, static_cast<uint32_t>(d_));
  }
  struct SlowArm {
    Arm settings;
    std::vector<Kept> linear;  // outcomes with a vector, since there is a matrix
    std::vector<Kept> bare;    // the others
    std::vector<std::pair<double, double>> residuals;  // and weights, since the last alarm
    bool has_matrix = false;
    bool has_changed = false;  // a change was seen
    double matrix_since = 0;
    double outcomes = 0, weight = 0, solved_weight = 0;
    double kept = 1;                       // the share of evidence left since its last outcome
    uint64_t watched_since = 0;            // 0: not watched
    std::array<Eigen::VectorXd, 2> theta;  // of size 0: w stands for it

    void Scale(double share) {
      Fade(linear, share);
      Fade(bare, share);
      weight *= share;
      solved_weight *= share;
    }
  };
  struct HeadRow {
    Eigen::Vector3d phi;
    double residual, weight;
  };

  SlowArm ArmOf(ArmId id) const {
    const auto found = arms_.find(id);
    return found == arms_.end() ? SlowArm{} : found->second;
  }
  double PriorStrength(const SlowArm& arm) const {
    const bool has_own = arm.settings.prior_quality && arm.settings.prior_strength > 0;
    return has_own ? arm.settings.prior_strength : SharedStrength();
  }
  // While everything shared is estimated anew, as it was before m changes.
  double SharedStrength() const {
    return held_strength_.value_or(OutcomeVariance(experts_[0].m) / between_);
  }
  double PriorLevel(const SlowArm& arm, std::size_t e) const {
    return arm.settings.prior_quality.value_or(experts_[e].m);
  }

  // {sum w, sum w (y - theta . z)}: what the arm's outcomes say of its level.
  std::pair<double, double> SaysOfLevel(const SlowArm& arm, std::size_t e) const {
    double weight = 0, value = 0;
    for (const Kept& one : arm.bare) weight += one.weight, value += one.value;
    for (const Kept& one : arm.linear) {
      weight += one.weight;
      value += one.value;
      const Eigen::VectorXd& slope = arm.theta[e].size() > 0 ? arm.theta[e] : experts_[e].w;
      value -= one.weight * slope.dot(one.x.tail(d_));
    }
    return {weight, value};
  }
  double Linear(const SlowArm& arm, std::size_t e, const Eigen::VectorXd& x) const {
    const auto [weight, value] = SaysOfLevel(arm, e);
    const double strength = PriorStrength(arm);
    const double level = (value + strength * PriorLevel(arm, e)) / (weight + strength);
    const Eigen::VectorXd& w = experts_[e].w;
    if (arm.theta[e].size() == 0) return level + w.dot(x.tail(d_));
    // Until theta is solved again, it moves back to w as evidence fades.
    const double precision = experts_[e].precision * static_cast<double>(d_);
    const double part = (arm.weight + arm.kept * precision) / (arm.weight + precision);
    return level + (w + part * (arm.theta[e] - w)).dot(x.tail(d_));
  }
  double Deviation(const SlowArm& arm) const {
    const auto [weight, value] = SaysOfLevel(arm, 0);
    const double n = PriorStrength(arm) + weight;
    const double level = (value + PriorStrength(arm) * PriorLevel(arm, 0)) / n;
    return std::sqrt(OutcomeVariance(level) / n);
  }
  static double BernoulliVariance(double level) {
    const double q = std::clamp(level, 0.02, 0.98);
    return q * (1 - q);
  }
  double OutcomeVariance(double level) const { return ratio_ * BernoulliVariance(level); }
  // The expected squares of the levels' distances from m given B, then the B that makes them likeliest.
  void FitSpread() {
    const double m = experts_[0].m;
    double seen = 4, binary = 4;
    for (const auto& [id, arm] : arms_) {
      if (arm.settings.prior_quality || arm.has_changed) continue;
      double weight = 0, value = 0, squares = 0;
      for (const auto* history : {&arm.linear, &arm.bare}) {
        for (const Kept& one : *history) {
          if (!(one.weight > 0)) continue;
          weight += one.weight, value += one.value;
          squares += one.value * one.value / one.weight;
        }
      }
      if (!(weight > 0)) continue;
      seen += std::max(0.0, squares - value * value / weight);
      binary += std::max(0.0, value * (1 - value / weight));
    }
    ratio_ = std::clamp(seen / binary, 0.02, 4.0);
    between_ = 0.0625;
    for (int step = 0; step < 12; ++step) {
      double sum = 2 * 0.0625, count = 2;
      for (const auto& [id, arm] : arms_) {
        const auto [weight, value] = SaysOfLevel(arm, 0);
        if (!(weight > 0) || arm.settings.prior_quality) continue;
        const double own = value / weight, noise = OutcomeVariance(own) / weight;
        const double mean = between_ / (between_ + noise) * (own - m);
        sum += mean * mean + between_ * noise / (between_ + noise);
        count += 1;
      }
      between_ = std::max(1e-4, sum / count);
    }
  }

  Eigen::Vector3d Phi(const ArmFeatures& f, double linear) const {
    const double c = double{f.neighbour_count}, k = tuning_.head_half_count;
    const double r = c > 0 ? double{f.neighbour_quality} - linear : 0;
    return {c / (c + k) * r, c / (c + 4 * k) * r, double{f.description_similarity}};
  }
  void LearnHead(const Observation& told, const SlowArm& arm, const Eigen::VectorXd& x) {
    const double linear = Linear(arm, 1, x);
    head_.push_back({Phi(told.features, linear), told.quality - linear, told.weight});
  }
  Eigen::Vector3d Beta() const {
    Eigen::Matrix3d a = tuning_.head_precision * Eigen::Matrix3d::Identity();
    Eigen::Vector3d b = Eigen::Vector3d::Zero();
    for (const HeadRow& row : head_) {
      a += row.weight * row.phi * row.phi.transpose();
      b += row.weight * row.residual * row.phi;
    }
    return a.inverse() * b;
  }

  // Page's test by its definition: the largest sum of a run of steps that ends now. The mean of the run's
  // residuals is the shift.
  static double LargestRun(const SlowArm& arm, double sign, double& shift) {
    double best = 0, score = 0, sum = 0, weight = 0;
    for (std::size_t i = arm.residuals.size(); i-- > 0;) {
      const auto [r, w] = arm.residuals[i];
      score += w * (0.2 * sign * r - 0.2 * 0.2 / 2) / 0.2;
      sum += w * r;
      weight += w;
      if (score > best) best = score, shift = sum / weight;
    }
    return best;
  }
  void CheckDrift(double weight, double residual, SlowArm& arm) {
    if (arm.weight < 30) return;
    arm.residuals.emplace_back(residual, std::min(1.0, weight));
    double shift = 0;
    const double rise_alarm = arm.watched_since > 0 ? 4 : 12;
    if (LargestRun(arm, -1, shift) <= 12 && LargestRun(arm, 1, shift) <= rise_alarm) return;
    ++alarms_;
    arm.has_changed = true;
    arm.residuals.clear();
    for (auto* history : {&arm.linear, &arm.bare}) {
      for (Kept& one : *history) one.value += shift * one.weight;
    }
    arm.Scale(std::min(1.0, 24 / arm.weight));
    arm.watched_since = shift < 0 ? outcomes_ + 1 : 0;
    if (arm.has_matrix) Solve(arm);
  }

  void SolveIfGrown(SlowArm& arm) {
    const double grown = arm.weight - arm.solved_weight;
    if (arm.has_matrix && grown >= std::max(4.0, arm.solved_weight / 16)) Solve(arm);
  }

  // Normal equations of one arm's (level, theta) under the prior around (m, w).
  void AddEquations(const SlowArm& arm, std::size_t e, Eigen::Ref<Eigen::MatrixXd> a,
                    Eigen::Ref<Eigen::VectorXd> b) const {
    for (const Kept& one : arm.linear) {
      a += one.weight * one.x * one.x.transpose();
      b += one.value * one.x;
    }
    for (const Kept& one : arm.bare) a(0, 0) += one.weight, b[0] += one.value;
    a(0, 0) += PriorStrength(arm);
    b[0] += PriorStrength(arm) * PriorLevel(arm, e);
    a.diagonal().tail(d_) += Precisions(e);
  }
  void Solve(SlowArm& arm) const {
    for (std::size_t e = 0; e < 2; ++e) {
      Eigen::MatrixXd a = Eigen::MatrixXd::Zero(d_ + 1, d_ + 1);
      Eigen::VectorXd b = Eigen::VectorXd::Zero(d_ + 1);
      AddEquations(arm, e, a, b);
      b.tail(d_) += Precisions(e).cwiseProduct(experts_[e].w);
      arm.theta[e] = a.fullPivLu().solve(b).tail(d_);
    }
    arm.solved_weight = arm.weight;
  }

  // First m; then w, and each busy arm's level and theta, as the one solution of all their normal
  // equations. This is the most likely w given the outcomes, whether or not the rest is integrated
  // out, because everything is Gaussian.
  void Refresh() {
    withdrawn_ = 0;
    for (auto& [id, arm] : arms_) arm.kept = 1;
    FitSpread();
    std::vector<SlowArm*> busiest;
    for (auto& [id, arm] : arms_) {
      if (arm.has_matrix) busiest.push_back(&arm);
    }
    std::stable_sort(busiest.begin(), busiest.end(),
                     [](const SlowArm* a, const SlowArm* b) { return a->weight > b->weight; });
    if (busiest.size() > 64) busiest.resize(64);
    held_strength_ = SharedStrength();
    for (std::size_t e = 0; e < 2; ++e) RefreshExpert(e, busiest);
    held_strength_.reset();
    for (SlowArm* arm : busiest) arm->solved_weight = arm->weight;
  }
  void RefreshExpert(std::size_t e, const std::vector<SlowArm*>& busiest) {
    Expert& expert = experts_[e];
    double sum = 0.5, total = 1;
    for (const auto& [id, arm] : arms_) {
      const auto [weight, value] = SaysOfLevel(arm, e);
      if (!(weight > 0) || arm.settings.prior_quality) continue;
      const double speaks = weight / (weight + PriorStrength(arm));
      sum += speaks * value / weight;
      total += speaks;
    }
    expert.m = sum / total;
    const auto n = d_ + static_cast<Eigen::Index>(busiest.size()) * (d_ + 1);
    Eigen::MatrixXd a = Eigen::MatrixXd::Zero(n, n);
    Eigen::VectorXd b = Eigen::VectorXd::Zero(n);
    a.diagonal().head(d_).setConstant(tuning_.slope_precision);
    b.head(d_) = tuning_.slope_precision * SlopePrior();
    Eigen::Index at = d_;
    for (const SlowArm* arm : busiest) {
      AddEquations(*arm, e, a.block(at, at, d_ + 1, d_ + 1), b.segment(at, d_ + 1));
      a.diagonal().head(d_) += Precisions(e);
      a.block(at + 1, 0, d_, d_).diagonal() -= Precisions(e);
      a.block(0, at + 1, d_, d_).diagonal() -= Precisions(e);
      at += d_ + 1;
    }
    const Eigen::VectorXd solution = a.fullPivLu().solve(b);
    expert.w = solution.head(d_);
    // The variance of w's first entry once all else is integrated out.
    expert.lead_variance = a.inverse()(0, 0);
    at = d_;
    for (SlowArm* arm : busiest) {
      arm->theta[e] = solution.segment(at + 1, d_);
      at += d_ + 1;
    }
  }

  Eigen::Index d_;
  double forget_outcomes_;
  double description_weight_;
  HybridTuning tuning_;
  SlowShares shares_;
  std::array<Expert, 2> experts_;
  std::vector<HeadRow> head_;
  double ratio_ = 1, between_ = 0.0625;
  double clock_ = 0;
  std::optional<double> held_strength_;
  std::map<ArmId, SlowArm> arms_;
  uint64_t outcomes_ = 0, next_refresh_ = 16, withdrawn_ = 0;
  int alarms_ = 0;
};

}  // namespace pointsman::learners
