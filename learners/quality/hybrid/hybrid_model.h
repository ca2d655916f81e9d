// The hybrid model's class (learners/quality/hybrid/hybrid.h describes the model). hybrid.cc has what it
// answers, hybrid_learning.cc what it learns.
// Threads: see quality_model.h.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "Eigen/Core"
#include "base/persistent_array.h"
#include "learners/quality/hybrid/hybrid.h"
#include "learners/quality/hybrid/hybrid_arm.h"
#include "learners/quality/hybrid/hybrid_head.h"
#include "learners/quality/hybrid/hybrid_spread.h"

namespace pointsman::learners {

constexpr std::size_t kHybridCautious = 0, kHybridBold = 1;
constexpr uint32_t kHybridTrialOutcomes = 40;  // of a late arm, whatever they say

class Hybrid final : public QualityModel {
 public:
  Hybrid(const LearnerSettings& settings, uint32_t dimension, const HybridTuning& tuning)
      : forget_outcomes_(settings.forget_outcomes),
        description_weight_(settings.description_weight),
        dimension_(static_cast<Eigen::Index>(dimension) + 1),
        tuning_(tuning),
        head_(tuning.head_precision),
        weights_(tuning.mixture) {
    for (HybridPrior& prior : priors_) {
      prior.slope = SlopePrior();
      prior.lead_precision = tuning.lead_precision;
      prior.lead_variance = 1 / tuning.slope_precision;
    }
    priors_[kHybridCautious].precision = tuning.cautious_precision;
    priors_[kHybridBold].precision = tuning.bold_precision;
  }

  std::unique_ptr<QualityModel> Clone() const override { return std::make_unique<Hybrid>(*this); }
  void BeginEdit() override { arms_.BeginEdit(); }
  void EndEdit() override { arms_.EndEdit(); }

  void PutArm(const Arm& arm) override;
  void ResetArm(const Arm& arm, std::optional<double> level, double strength) override;
  void Settle() override;
  void Grow(uint32_t dimension) override;
  void Learn(const Observation& observation) override;
  void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override;
  bool ChooseDirectly(const LearnerSettings& settings, std::span<const float> context,
                      std::span<const ArmView> arms, std::span<const UtilityTerm> terms,
                      std::span<const double> floors, std::span<double> pmf,
                      std::span<ExpertVotes> votes) const override;
  QualityEstimate Level(ArmId arm) const override;
  double WatchedShare(ArmId arm) const override;
  void Encode(ByteWriter& out) const override;
  static absl::StatusOr<std::unique_ptr<QualityModel>> Decode(const LearnerSettings& settings,
                                                              uint32_t dimension,
                                                              const HybridTuning& tuning,
                                                              ByteReader& in);

 private:
  // The lead of an arm's description; 0 if the pool gives descriptions no weight.
  double Lead(const ArmFeatures& features) const;
  // (lead, z).
  Eigen::VectorXd Vector(std::span<const float> context, const ArmFeatures& features) const;
  Eigen::VectorXd SlopePrior() const;  // the prior mean of w
  // What the arms' descriptions claim, for the draw alone.
  std::vector<double> Claims(std::span<const ArmView> arms) const;
  double Linear(const HybridArm* arm, std::size_t expert, const Eigen::VectorXd& z) const;
  // The outcomes that the shared prior level counts as.
  double Strength() const { return spread_.Strength(priors_[kHybridCautious].level); }
  double Deviation(const HybridArm* arm) const;
  void FitSpread();
  double ShareKept(const HybridArm* arm) const;
  Eigen::Vector3d Phi(const ArmFeatures& features, double linear) const;
  // opinions[expert * k + arm].
  std::vector<QualityEstimate> Opinions(std::span<const float> context,
                                        std::span<const ArmView> arms) const;
  double Kept(const HybridArm& arm) const { return KeptSince(arm.clock, forget_outcomes_); }
  void TakeBack(const Observation& observation, HybridArm& arm);
  void LearnHead(const Observation& observation, const HybridArm& arm, const Eigen::VectorXd& z);
  bool Forget(HybridArm& arm) const;
  void AddEvidence(const Observation& observation, const Eigen::VectorXd& z, HybridArm& arm);
  void CheckDrift(const Observation& observation, double residual, HybridArm& arm);
  void Read(HybridArm& arm, bool must_solve) const;
  void Refresh();

  double forget_outcomes_;
  double description_weight_;
  Eigen::Index dimension_;  // of (lead, z): d + 1
  HybridTuning tuning_;
  uint64_t outcomes_ = 0;
  uint64_t next_refresh_ = 16;
  uint64_t withdrawn_ = 0;  // since the last refresh
  uint32_t matrices_ = 0;
  std::array<HybridPrior, kHybridExperts> priors_;
  HybridSpread spread_;
  HybridHead head_;
  MixtureWeights weights_;
  PersistentArray<HybridArm> arms_;
};

}  // namespace pointsman::learners
