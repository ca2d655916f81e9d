#include "learners/quality/context_free.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/persistent_array.h"
#include "base/strings.h"

namespace pointsman::learners {
namespace {

constexpr double kOutcomeStddev = 0.4;
constexpr double kPriorMean = 0.5;
constexpr double kPriorStrength = 1;
// A weight below this is a rounding error of zero.
constexpr double kWeightLeast = 1e-9;

struct ArmLevel {
  double prior_mean = kPriorMean;
  double prior_strength = kPriorStrength;
  double sum = 0;  // sum and weight as they were at `clock`
  double weight = 0;
  double clock = 0;
};

// The layout in snapshots before format 4.
struct ArmLevelBefore4 {
  double prior_mean, prior_strength, sum, weight;
};

// How the two models differ.
struct Rule {
  double forget_outcomes;  // outcomes to e-fold; 0: never
  double outcome_stddev;
};

class LevelModel final : public QualityModel {
 public:
  explicit LevelModel(Rule rule) : rule_(rule) {}

  std::unique_ptr<QualityModel> Clone() const override {
    return std::make_unique<LevelModel>(*this);
  }
  void BeginEdit() override { levels_.BeginEdit(); }
  void EndEdit() override { levels_.EndEdit(); }

  void PutArm(const Arm& arm) override {
    ArmLevel& level = levels_.Mutable(Index(arm.id));
    level.prior_mean = arm.prior_quality.value_or(kPriorMean);
    const bool has_strength = arm.prior_quality && arm.prior_strength > 0;
    level.prior_strength = has_strength ? arm.prior_strength : kPriorStrength;
  }

  void ResetArm(const Arm& arm, std::optional<double> level, double strength) override {
    ArmLevel& fresh = levels_.Mutable(Index(arm.id));
    fresh = {};
    PutArm(arm);
    if (level && strength > 0) fresh = {*level, strength, 0, 0, clock()};
  }

  void Settle() override {
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      if (levels_.Get(i) != nullptr) Age(levels_.Mutable(i));
    }
  }

  void Learn(const Observation& observation) override {
    ArmLevel& level = levels_.Mutable(Index(observation.arm));
    Age(level);
    const double weight =
        observation.weight * KeptSince(observation.anchor.value_or(clock()), rule_.forget_outcomes);
    if (observation.is_correction) {
      level.sum += weight * (observation.quality - observation.corrected_from);
      return;
    }
    const double sign = observation.is_withdrawal ? -1 : 1;
    level.sum += sign * weight * observation.quality;
    level.weight += sign * weight;
    if (level.weight < kWeightLeast) level.sum = level.weight = 0;
  }

  void Estimate(std::span<const float>, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override {
    POINTSMAN_CHECK(arms.size() == out.size());
    for (std::size_t i = 0; i < arms.size(); ++i) out[i] = Level(arms[i].arm->id);
  }

  QualityEstimate Level(ArmId arm) const override {
    const ArmLevel* known = levels_.Get(Index(arm));
    const ArmLevel level = known == nullptr ? ArmLevel{} : *known;
    const double kept = KeptSince(level.clock, rule_.forget_outcomes);
    const double total = level.prior_strength + kept * level.weight;
    return {(level.prior_strength * level.prior_mean + kept * level.sum) / total,
            rule_.outcome_stddev / std::sqrt(total)};
  }

  void Encode(ByteWriter& out) const override {
    out.Put(clock());
    out.Put(static_cast<uint64_t>(levels_.size()));
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const ArmLevel* level = levels_.Get(i);
      out.Put(static_cast<uint8_t>(level != nullptr));
      if (level != nullptr) out.Put(*level);
    }
  }

  static absl::StatusOr<std::unique_ptr<QualityModel>> Decode(Rule rule, ByteReader& in) {
    auto model = std::make_unique<LevelModel>(rule);
    const bool is_old = in.format() < 4;
    if (!is_old) model->SetClock(in.Get<double>());
    const uint64_t count = in.GetCount(1);
    model->levels_.BeginEdit();
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
      if (!in.GetBool()) continue;
      ArmLevel level;
      if (is_old) {
        const auto old = in.Get<ArmLevelBefore4>();
        level = {old.prior_mean, old.prior_strength, old.sum, old.weight, 0};
      } else {
        level = in.Get<ArmLevel>();
      }
      for (const double number :
           {level.prior_mean, level.prior_strength, level.sum, level.weight, level.clock}) {
        if (!std::isfinite(number)) in.Fail();
      }
      if (!(level.prior_strength > 0) || level.weight < 0) in.Fail();
      model->levels_.Mutable(i) = level;
    }
    model->levels_.EndEdit();
    if (!std::isfinite(model->clock())) in.Fail();
    if (!in.ok() || model->levels_.size() != count) {
      return DataLoss("quality model: its levels cannot be read; use an older snapshot");
    }
    return model;
  }

 private:
  void Age(ArmLevel& level) const {
    const double kept = KeptSince(level.clock, rule_.forget_outcomes);
    level.sum *= kept;
    level.weight *= kept;
    level.clock = clock();
  }

  Rule rule_;
  PersistentArray<ArmLevel> levels_;
};

Rule ContextFreeRule(const LearnerSettings& settings) {
  return {settings.forget_outcomes, kOutcomeStddev};
}
Rule EmaRule(const LearnerSettings& settings) {
  return {settings.half_life_outcomes / std::log(2.0), 0};
}

}  // namespace

std::unique_ptr<QualityModel> MakeContextFree(const LearnerSettings& settings, uint32_t) {
  return std::make_unique<LevelModel>(ContextFreeRule(settings));
}
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeContextFree(const LearnerSettings& settings,
                                                                uint32_t, ByteReader& in) {
  return LevelModel::Decode(ContextFreeRule(settings), in);
}

std::unique_ptr<QualityModel> MakeEma(const LearnerSettings& settings, uint32_t) {
  return std::make_unique<LevelModel>(EmaRule(settings));
}
absl::StatusOr<std::unique_ptr<QualityModel>> DecodeEma(const LearnerSettings& settings, uint32_t,
                                                        ByteReader& in) {
  return LevelModel::Decode(EmaRule(settings), in);
}

}  // namespace pointsman::learners
