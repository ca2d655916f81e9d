#include "learners/lin_thompson.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/persistent_array.h"
#include "base/strings.h"
#include "learners/lin_thompson_posterior.h"

namespace pointsman {
namespace {

using Eigen::VectorXd;

constexpr double kNoise = 0.35;
constexpr double kPriorScale = 0.2;
constexpr double kLevelPriorMean = 0.5;
constexpr double kLevelPriorStrength = 1;
constexpr uint32_t kOutcomesBeforePosterior = 20;
constexpr uint32_t kPosteriorsMax = 2000;
constexpr uint32_t kForgetBlock = 32;

struct ArmRegression {
  double prior_mean = kLevelPriorMean;
  double prior_strength = kLevelPriorStrength;
  // Evidence for the level alone, until there is a posterior.
  double sum = 0;
  double weight = 0;
  uint32_t outcomes = 0;     // up to kOutcomesBeforePosterior
  uint32_t unforgotten = 0;  // outcomes since the last forgetting
  double unforgotten_weight = 0;
  RidgePosterior posterior;  // of size 0: none yet

  bool HasPosterior() const { return posterior.size() > 0; }
};

class LinThompson final : public QualityModel {
 public:
  LinThompson(const LearnerSettings& settings, uint32_t dimension)
      : forget_outcomes_(settings.forget_outcomes),
        size_(static_cast<Eigen::Index>(dimension) + 1) {}

  std::unique_ptr<QualityModel> Clone() const override {
    return std::make_unique<LinThompson>(*this);
  }
  void BeginEdit() override { arms_.BeginEdit(); }
  void EndEdit() override { arms_.EndEdit(); }

  void PutArm(const Arm& arm) override;
  void Learn(const Observation& observation) override;
  void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override;
  QualityEstimate Level(ArmId arm) const override;
  void Encode(ByteWriter& out) const override;
  static absl::StatusOr<std::unique_ptr<QualityModel>> Decode(const LearnerSettings& settings,
                                                              uint32_t dimension, ByteReader& in);

 private:
  // x = (1, z); without a vector (1, 0).
  VectorXd Features(std::span<const float> context) const;
  VectorXd PriorPrecision(const ArmRegression& arm) const;
  VectorXd PriorMean(const ArmRegression& arm) const;
  void LearnLevel(const Observation& observation, ArmRegression& arm);
  void GiveUpLevel(ArmRegression& arm);
  static QualityEstimate LevelOf(const ArmRegression& arm);
  static void DecodeArm(Eigen::Index size, ByteReader& in, ArmRegression& arm);

  double forget_outcomes_;
  Eigen::Index size_;
  uint32_t posteriors_ = 0;  // arms that own one
  PersistentArray<ArmRegression> arms_;
};

VectorXd LinThompson::Features(std::span<const float> context) const {
  POINTSMAN_CHECK(context.empty() || static_cast<Eigen::Index>(context.size()) + 1 == size_);
  VectorXd x = VectorXd::Zero(size_);
  x[0] = 1;
  for (std::size_t i = 0; i < context.size(); ++i) {
    x[static_cast<Eigen::Index>(i) + 1] = static_cast<double>(context[i]);
  }
  return x;
}

VectorXd LinThompson::PriorPrecision(const ArmRegression& arm) const {
  VectorXd precision = VectorXd::Constant(size_, 1 / (kPriorScale * kPriorScale));
  precision[0] = arm.prior_strength;
  return precision;
}

VectorXd LinThompson::PriorMean(const ArmRegression& arm) const {
  VectorXd mean = VectorXd::Zero(size_);
  mean[0] = arm.prior_mean;
  return mean;
}

// Changed priors reach an arm until it owns a posterior; then the data has the word.
void LinThompson::PutArm(const Arm& settings) {
  ArmRegression& arm = arms_.Mutable(Index(settings.id));
  if (arm.HasPosterior()) return;
  arm.prior_mean = settings.prior_quality.value_or(kLevelPriorMean);
  const bool has_strength = settings.prior_quality && settings.prior_strength > 0;
  arm.prior_strength = has_strength ? settings.prior_strength : kLevelPriorStrength;
}

void LinThompson::Learn(const Observation& observation) {
  ArmRegression& arm = arms_.Mutable(Index(observation.arm));
  if (!arm.HasPosterior()) {
    LearnLevel(observation, arm);
    return;
  }
  const VectorXd x = Features(observation.context);
  if (observation.is_correction) {
    arm.posterior.Correct(x, observation.quality - observation.corrected_from, observation.weight);
    return;
  }
  if (forget_outcomes_ > 0 && arm.unforgotten >= kForgetBlock) {
    arm.posterior.Forget(std::exp(-arm.unforgotten_weight / forget_outcomes_), PriorPrecision(arm),
                         PriorMean(arm));
    arm.unforgotten = 0;
    arm.unforgotten_weight = 0;
  }
  arm.posterior.Add(x, observation.quality, observation.weight);
  ++arm.unforgotten;
  arm.unforgotten_weight += observation.weight;
}

void LinThompson::LearnLevel(const Observation& observation, ArmRegression& arm) {
  if (observation.is_correction) {
    arm.sum += observation.weight * (observation.quality - observation.corrected_from);
    return;
  }
  if (forget_outcomes_ > 0) {
    const double kept = std::exp(-observation.weight / forget_outcomes_);
    arm.sum *= kept;
    arm.weight *= kept;
  }
  arm.sum += observation.weight * observation.quality;
  arm.weight += observation.weight;
  if (arm.outcomes < kOutcomesBeforePosterior) ++arm.outcomes;
  if (arm.outcomes >= kOutcomesBeforePosterior && posteriors_ < kPosteriorsMax) GiveUpLevel(arm);
}

void LinThompson::GiveUpLevel(ArmRegression& arm) {
  arm.posterior = RidgePosterior(PriorPrecision(arm), PriorMean(arm));
  if (arm.weight > 0) arm.posterior.Add(Features({}), arm.sum / arm.weight, arm.weight);
  ++posteriors_;
}

QualityEstimate LinThompson::LevelOf(const ArmRegression& arm) {
  if (arm.HasPosterior()) {
    return {arm.posterior.MeanAt(0), kNoise * std::sqrt(arm.posterior.VarianceAt(0))};
  }
  const double total = arm.prior_strength + arm.weight;
  return {(arm.prior_strength * arm.prior_mean + arm.sum) / total, kNoise / std::sqrt(total)};
}

QualityEstimate LinThompson::Level(ArmId arm) const {
  const ArmRegression* known = arms_.Get(Index(arm));
  return LevelOf(known == nullptr ? ArmRegression{} : *known);
}

void LinThompson::Estimate(std::span<const float> context, std::span<const ArmView> arms,
                           std::span<QualityEstimate> out) const {
  POINTSMAN_CHECK(arms.size() == out.size());
  const VectorXd x = Features(context);
  // The spread of an arm that has a level alone: its theta still is the prior's.
  const double prior_variance = kPriorScale * kPriorScale * x.tail(size_ - 1).squaredNorm();
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const ArmRegression* arm = arms_.Get(Index(arms[i].arm->id));
    if (arm != nullptr && arm->HasPosterior()) {
      out[i] = {arm->posterior.Mean(x), kNoise * std::sqrt(arm->posterior.Variance(x))};
      continue;
    }
    out[i] = arm == nullptr ? LevelOf({}) : LevelOf(*arm);
    out[i].stddev = std::sqrt(out[i].stddev * out[i].stddev + kNoise * kNoise * prior_variance);
  }
}

void LinThompson::Encode(ByteWriter& out) const {
  out.Put(static_cast<uint64_t>(arms_.size()));
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const ArmRegression* arm = arms_.Get(i);
    out.Put(static_cast<uint8_t>(arm != nullptr));
    if (arm == nullptr) continue;
    for (const double number :
         {arm->prior_mean, arm->prior_strength, arm->sum, arm->weight, arm->unforgotten_weight}) {
      out.Put(number);
    }
    out.Put(arm->outcomes);
    out.Put(arm->unforgotten);
    out.Put(static_cast<uint8_t>(arm->HasPosterior()));
    if (arm->HasPosterior()) arm->posterior.Encode(out);
  }
}

void LinThompson::DecodeArm(Eigen::Index size, ByteReader& in, ArmRegression& arm) {
  for (double* number :
       {&arm.prior_mean, &arm.prior_strength, &arm.sum, &arm.weight, &arm.unforgotten_weight}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (!(arm.prior_strength > 0) || arm.weight < 0 || arm.unforgotten_weight < 0) in.Fail();
  arm.outcomes = in.Get<uint32_t>();
  arm.unforgotten = in.Get<uint32_t>();
  if (in.GetBool()) arm.posterior = RidgePosterior::Decode(size, in);
}

absl::StatusOr<std::unique_ptr<QualityModel>> LinThompson::Decode(const LearnerSettings& settings,
                                                                  uint32_t dimension,
                                                                  ByteReader& in) {
  auto model = std::make_unique<LinThompson>(settings, dimension);
  const uint64_t count = in.GetCount(1);
  model->arms_.BeginEdit();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    if (!in.GetBool()) continue;
    ArmRegression& arm = model->arms_.Mutable(i);
    DecodeArm(model->size_, in, arm);
    model->posteriors_ += arm.HasPosterior() ? 1 : 0;
  }
  model->arms_.EndEdit();
  if (!in.ok() || model->arms_.size() != count) {
    return DataLoss("quality model lin_thompson: the arms do not read back; use an older snapshot");
  }
  return model;
}

}  // namespace

std::unique_ptr<QualityModel> MakeLinThompson(const LearnerSettings& settings, uint32_t dimension) {
  return std::make_unique<LinThompson>(settings, dimension);
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeLinThompson(const LearnerSettings& settings,
                                                                uint32_t dimension,
                                                                ByteReader& in) {
  return LinThompson::Decode(settings, dimension, in);
}

}  // namespace pointsman
