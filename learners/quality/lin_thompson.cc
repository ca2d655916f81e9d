#include "learners/quality/lin_thompson.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/persistent_array.h"
#include "base/strings.h"
#include "learners/linear/ridge_posterior.h"

namespace pointsman::learners {
namespace {

using Eigen::VectorXd;

constexpr double kNoise = 0.35;
constexpr double kPriorScale = 0.2;
constexpr double kLevelPriorMean = 0.5;
constexpr double kLevelPriorStrength = 1;
constexpr uint32_t kOutcomesBeforePosterior = 20;
constexpr uint32_t kPosteriorsMax = 2000;
// A factorisation applies forgetting once evidence has lost this share, or after 32 outcomes of the pool.
// Until then, new outcomes count for more instead.
constexpr double kForgetShare = 0.05;
constexpr double kForgetBlock = 32;
constexpr double kWeightLeast = 1e-9;

struct ArmRegression {
  double prior_mean = kLevelPriorMean;
  double prior_strength = kLevelPriorStrength;
  // Evidence for the level alone, until there is a posterior.
  double sum = 0;
  double weight = 0;
  uint32_t outcomes = 0;       // up to kOutcomesBeforePosterior
  double clock = 0;            // the evidence is as of this clock
  double posterior_since = 0;  // clock: earlier outcomes taught the level alone
  RidgePosterior posterior;    // of size 0: none yet

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
  void ResetArm(const Arm& arm, std::optional<double> level, double strength) override;
  void Settle() override;
  void Grow(uint32_t dimension) override;
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
  void MaybeForget(ArmRegression& arm);
  QualityEstimate LevelOf(const ArmRegression& arm) const;
  static QualityEstimate LevelPrior(const ArmRegression& arm) {
    return {arm.prior_mean, kNoise / std::sqrt(arm.prior_strength)};
  }
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

// Changed priors reach an arm until it owns a posterior. After that only data counts.
void LinThompson::PutArm(const Arm& settings) {
  ArmRegression& arm = arms_.Mutable(Index(settings.id));
  if (arm.HasPosterior()) return;
  arm.prior_mean = settings.prior_quality.value_or(kLevelPriorMean);
  const bool has_strength = settings.prior_quality && settings.prior_strength > 0;
  arm.prior_strength = has_strength ? settings.prior_strength : kLevelPriorStrength;
}

void LinThompson::ResetArm(const Arm& settings, std::optional<double> level, double strength) {
  ArmRegression& arm = arms_.Mutable(Index(settings.id));
  if (arm.HasPosterior()) --posteriors_;
  arm = {};
  PutArm(settings);
  if (!level || !(strength > 0)) return;
  arm.prior_mean = *level;
  arm.prior_strength = strength;
}

void LinThompson::Grow(uint32_t dimension) {
  size_ = static_cast<Eigen::Index>(dimension) + 1;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const ArmRegression* arm = arms_.Get(i);
    if (arm == nullptr || !arm->HasPosterior()) continue;
    arms_.Mutable(i).posterior.Grow(size_, 1 / (kPriorScale * kPriorScale));
  }
}

void LinThompson::Settle() {
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    if (arms_.Get(i) == nullptr) continue;
    ArmRegression& arm = arms_.Mutable(i);
    const double kept = KeptSince(arm.clock, forget_outcomes_);
    if (kept < 1 && arm.HasPosterior()) {
      arm.posterior.Forget(kept, PriorPrecision(arm), PriorMean(arm));
    }
    arm.sum *= kept;
    arm.weight *= kept;
    arm.clock = clock();
  }
}

void LinThompson::MaybeForget(ArmRegression& arm) {
  const double kept = KeptSince(arm.clock, forget_outcomes_);
  if (kept == 1 || (kept > 1 - kForgetShare && clock() - arm.clock < kForgetBlock)) return;
  arm.posterior.Forget(kept, PriorPrecision(arm), PriorMean(arm));
  arm.clock = clock();
}

void LinThompson::Learn(const Observation& observation) {
  ArmRegression& arm = arms_.Mutable(Index(observation.arm));
  if (!arm.HasPosterior()) {
    LearnLevel(observation, arm);
    return;
  }
  MaybeForget(arm);
  const double anchor = observation.anchor.value_or(clock());
  // An outcome from before the arm had a posterior taught the level alone.
  const bool is_level = anchor < arm.posterior_since;
  const VectorXd x = Features(is_level ? std::span<const float>{} : observation.context);
  const double weight = observation.weight * KeptSince(anchor, forget_outcomes_) /
                        KeptSince(arm.clock, forget_outcomes_);
  if (observation.is_correction) {
    arm.posterior.Correct(x, observation.quality - observation.corrected_from, weight);
  } else if (observation.is_withdrawal) {
    arm.posterior.Remove(x, observation.quality, weight);
  } else {
    arm.posterior.Add(x, observation.quality, weight);
  }
}

void LinThompson::LearnLevel(const Observation& observation, ArmRegression& arm) {
  const double kept = KeptSince(arm.clock, forget_outcomes_);
  arm.sum *= kept;
  arm.weight *= kept;
  arm.clock = clock();
  const double weight =
      observation.weight * KeptSince(observation.anchor.value_or(clock()), forget_outcomes_);
  if (observation.is_correction) {
    arm.sum += weight * (observation.quality - observation.corrected_from);
    return;
  }
  const double sign = observation.is_withdrawal ? -1 : 1;
  arm.sum += sign * weight * observation.quality;
  arm.weight += sign * weight;
  if (arm.weight < kWeightLeast) arm.sum = arm.weight = 0;
  if (observation.is_withdrawal) {
    if (arm.outcomes > 0) --arm.outcomes;
    return;
  }
  if (arm.outcomes < kOutcomesBeforePosterior) ++arm.outcomes;
  if (arm.outcomes >= kOutcomesBeforePosterior && posteriors_ < kPosteriorsMax) GiveUpLevel(arm);
}

void LinThompson::GiveUpLevel(ArmRegression& arm) {
  arm.posterior = RidgePosterior(PriorPrecision(arm), PriorMean(arm));
  if (arm.weight > 0) arm.posterior.Add(Features({}), arm.sum / arm.weight, arm.weight);
  arm.posterior_since = std::nextafter(clock(), HUGE_VAL);
  ++posteriors_;
}

QualityEstimate LinThompson::LevelOf(const ArmRegression& arm) const {
  const double kept = KeptSince(arm.clock, forget_outcomes_);
  if (arm.HasPosterior()) {
    return Faded({arm.posterior.MeanAt(0), kNoise * std::sqrt(arm.posterior.VarianceAt(0))},
                 LevelPrior(arm), kept);
  }
  const double total = arm.prior_strength + kept * arm.weight;
  return {(arm.prior_strength * arm.prior_mean + kept * arm.sum) / total,
          kNoise / std::sqrt(total)};
}

QualityEstimate LinThompson::Level(ArmId arm) const {
  const ArmRegression* known = arms_.Get(Index(arm));
  return LevelOf(known == nullptr ? ArmRegression{} : *known);
}

void LinThompson::Estimate(std::span<const float> context, std::span<const ArmView> arms,
                           std::span<QualityEstimate> out) const {
  POINTSMAN_CHECK(arms.size() == out.size());
  const VectorXd x = Features(context);
  // The variance of an arm that only has a level: its theta is still the prior's.
  const double prior_variance = kPriorScale * kPriorScale * x.tail(size_ - 1).squaredNorm();
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const ArmRegression* arm = arms_.Get(Index(arms[i].arm->id));
    if (arm != nullptr && arm->HasPosterior()) {
      const QualityEstimate level = LevelPrior(*arm);
      const QualityEstimate prior{
          level.mean, std::sqrt(level.stddev * level.stddev + kNoise * kNoise * prior_variance)};
      out[i] = Faded({arm->posterior.Mean(x), kNoise * std::sqrt(arm->posterior.Variance(x))},
                     prior, KeptSince(arm->clock, forget_outcomes_));
      continue;
    }
    out[i] = arm == nullptr ? LevelOf({}) : LevelOf(*arm);
    out[i].stddev = std::sqrt(out[i].stddev * out[i].stddev + kNoise * kNoise * prior_variance);
  }
}

void LinThompson::Encode(ByteWriter& out) const {
  out.Put(clock());
  out.Put(static_cast<uint64_t>(arms_.size()));
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const ArmRegression* arm = arms_.Get(i);
    out.Put(static_cast<uint8_t>(arm != nullptr));
    if (arm == nullptr) continue;
    for (const double number : {arm->prior_mean, arm->prior_strength, arm->sum, arm->weight,
                                arm->clock, arm->posterior_since}) {
      out.Put(number);
    }
    out.Put(arm->outcomes);
    out.Put(static_cast<uint8_t>(arm->HasPosterior()));
    if (arm->HasPosterior()) arm->posterior.Encode(out);
  }
}

void LinThompson::DecodeArm(Eigen::Index size, ByteReader& in, ArmRegression& arm) {
  const bool is_old = in.format() < 4;
  double unforgotten_weight =
      0;  // before format 4: weight that had yet to fade with the next block
  for (double* number : {&arm.prior_mean, &arm.prior_strength, &arm.sum, &arm.weight,
                         is_old ? &unforgotten_weight : &arm.clock}) {
    *number = in.Get<double>();
    if (!std::isfinite(*number)) in.Fail();
  }
  if (!is_old) arm.posterior_since = in.Get<double>();
  if (!std::isfinite(arm.posterior_since)) in.Fail();
  if (!(arm.prior_strength > 0) || arm.weight < 0) in.Fail();
  arm.outcomes = in.Get<uint32_t>();
  if (is_old) in.Get<uint32_t>();
  if (in.GetBool()) arm.posterior = RidgePosterior::Decode(size, in);
}

absl::StatusOr<std::unique_ptr<QualityModel>> LinThompson::Decode(const LearnerSettings& settings,
                                                                  uint32_t dimension,
                                                                  ByteReader& in) {
  auto model = std::make_unique<LinThompson>(settings, dimension);
  if (in.format() >= 4) model->SetClock(in.Get<double>());
  if (!std::isfinite(model->clock())) in.Fail();
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
    return DataLoss("quality model lin_thompson: its arms cannot be read; use an older snapshot");
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

}  // namespace pointsman::learners
