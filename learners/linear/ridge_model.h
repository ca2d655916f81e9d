// The common part of `linucb` and `mixture`: the same few ridge regressions for every
// arm (learners/linear/ridge_arm.h). Versions share the arms that did not change. At
// most 2,000 arms own posteriors.
// Threads: see quality_model.h.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "base/persistent_array.h"
#include "learners/linear/ridge_arm.h"
#include "learners/quality/quality_model.h"

namespace pointsman::learners {

class RidgeModel : public QualityModel {
 public:
  void BeginEdit() override { arms_.BeginEdit(); }
  void EndEdit() override { arms_.EndEdit(); }
  void PutArm(const Arm& arm) override;
  void ResetArm(const Arm& arm, std::optional<double> level, double strength) override;
  void Settle() override;
  void Grow(uint32_t dimension) override;
  // Errors: kDataLoss, naming the model.
  absl::Status DecodeRidges(const char* name, ByteReader& in);

 protected:
  // theta's prior precision of each regression, in units of the noise.
  RidgeModel(const LearnerSettings& settings, uint32_t dimension, std::vector<double> precisions);

  Eigen::Index dimension() const { return dimension_; }
  void LearnRidges(const Observation& observation);
  // Regression i of an arm at x = (1, z); the deviation in units of the noise.
  QualityEstimate Ridge(ArmId arm, std::size_t i, const Eigen::Ref<const Eigen::VectorXd>& x) const;
  // Its level alone; the deviation in units of the noise.
  QualityEstimate RidgeLevel(ArmId arm) const;

  void EncodeRidges(ByteWriter& out) const;

 private:
  const RidgeArm& ArmOf(ArmId arm) const;

  double forget_outcomes_;
  Eigen::Index dimension_;
  std::vector<double> precisions_;
  uint32_t owners_ = 0;  // arms that own posteriors
  PersistentArray<RidgeArm> arms_;
  RidgeArm unknown_;
};

}  // namespace pointsman::learners
