#include "learners/context_free.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/persistent_array.h"
#include "base/strings.h"

namespace pointsman {
namespace {

constexpr double kOutcomeStddev = 0.4;
constexpr double kPriorMean = 0.5;
constexpr double kPriorStrength = 1;

struct ArmLevel {
  double prior_mean = kPriorMean;
  double prior_strength = kPriorStrength;
  double sum = 0;
  double weight = 0;
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

  void Learn(const Observation& observation) override {
    ArmLevel& level = levels_.Mutable(Index(observation.arm));
    if (observation.is_correction) {
      level.sum += observation.weight * (observation.quality - observation.corrected_from);
      return;
    }
    if (rule_.forget_outcomes > 0) {
      const double kept = std::exp(-observation.weight / rule_.forget_outcomes);
      level.sum *= kept;
      level.weight *= kept;
    }
    level.sum += observation.weight * observation.quality;
    level.weight += observation.weight;
  }

  void Estimate(std::span<const float>, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override {
    POINTSMAN_CHECK(arms.size() == out.size());
    for (std::size_t i = 0; i < arms.size(); ++i) out[i] = Level(arms[i].arm->id);
  }

  QualityEstimate Level(ArmId arm) const override {
    const ArmLevel* known = levels_.Get(Index(arm));
    const ArmLevel level = known == nullptr ? ArmLevel{} : *known;
    const double total = level.prior_strength + level.weight;
    return {(level.prior_strength * level.prior_mean + level.sum) / total,
            rule_.outcome_stddev / std::sqrt(total)};
  }

  void Encode(ByteWriter& out) const override {
    out.Put(static_cast<uint64_t>(levels_.size()));
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const ArmLevel* level = levels_.Get(i);
      out.Put(static_cast<uint8_t>(level != nullptr));
      if (level != nullptr) out.Put(*level);
    }
  }

  static absl::StatusOr<std::unique_ptr<QualityModel>> Decode(Rule rule, ByteReader& in) {
    auto model = std::make_unique<LevelModel>(rule);
    const uint64_t count = in.GetCount(1);
    model->levels_.BeginEdit();
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
      if (!in.GetBool()) continue;
      const auto level = in.Get<ArmLevel>();
      for (const double number :
           {level.prior_mean, level.prior_strength, level.sum, level.weight}) {
        if (!std::isfinite(number)) in.Fail();
      }
      if (!(level.prior_strength > 0) || level.weight < 0) in.Fail();
      model->levels_.Mutable(i) = level;
    }
    model->levels_.EndEdit();
    if (!in.ok() || model->levels_.size() != count) {
      return DataLoss("quality model: the levels do not read back; use an older snapshot");
    }
    return model;
  }

 private:
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

}  // namespace pointsman
