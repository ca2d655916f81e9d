// The oracles of `context_free`, `ema` and `knn`: sums over everything that was learned, with explicit decay.
// Threads: values.
#pragma once

#include <cmath>
#include <map>
#include <vector>

#include "slow_model.h"

namespace pointsman::learners {

// Each outcome of the pool fades all earlier ones by exp(-its weight / e_fold).
class SlowLevels : public SlowModel {
 public:
  SlowLevels(double e_fold, double outcome_stddev) : e_fold_(e_fold), stddev_(outcome_stddev) {}

  void PutArm(const Arm& arm) override { arms_[arm.id].settings = arm; }

  void Learn(const Observation& told) override {
    std::vector<Kept>& history = arms_[told.arm].history;
    if (told.is_new()) {
      history.push_back(KeptOf(told, {}));
    } else {
      TakeBackIn(history, told);
    }
  }
  void Tick(double outcomes) override {
    if (!(e_fold_ > 0)) return;
    for (auto& [id, arm] : arms_) Fade(arm.history, std::exp(-outcomes / e_fold_));
  }

  QualityEstimate Estimate(std::span<const float>, const ArmView& view) const override {
    return Level(view.arm->id);
  }

  QualityEstimate Level(ArmId id) const override {
    const auto found = arms_.find(id);
    const SlowArm arm = found == arms_.end() ? SlowArm{} : found->second;
    const Arm& settings = arm.settings;
    const bool has_strength = settings.prior_quality && settings.prior_strength > 0;
    double weight = has_strength ? settings.prior_strength : 1;
    double value = weight * settings.prior_quality.value_or(0.5);
    for (const Kept& one : arm.history) weight += one.weight, value += one.value;
    return {value / weight, stddev_ / std::sqrt(weight)};
  }

 private:
  struct SlowArm {
    Arm settings;
    std::vector<Kept> history;
  };
  double e_fold_, stddev_;
  std::map<ArmId, SlowArm> arms_;
};

// The weighted mean of the neighbours and of two more at the arm's level.
class SlowKnn final : public SlowLevels {
 public:
  explicit SlowKnn(double e_fold) : SlowLevels(e_fold, 0.3) {}

  QualityEstimate Estimate(std::span<const float>, const ArmView& view) const override {
    const QualityEstimate level = Level(view.arm->id);
    const double count = double{view.features.neighbour_count};
    const double quality = double{view.features.neighbour_quality};
    return {(count * quality + 2 * level.mean) / (count + 2), level.stddev};
  }
};

}  // namespace pointsman::learners
