#include "learners/linear/ridge_model.h"

#include <memory>
#include <utility>

#include "base/strings.h"

namespace pointsman::learners {
namespace {
constexpr uint32_t kOwnersMax = 2000;
}

RidgeModel::RidgeModel(const LearnerSettings& settings, uint32_t dimension,
                       std::vector<double> precisions)
    : forget_outcomes_(settings.forget_outcomes),
      dimension_(static_cast<Eigen::Index>(dimension)),
      precisions_(std::move(precisions)) {}

void RidgeModel::PutArm(const Arm& arm) { arms_.Mutable(Index(arm.id)).Put(arm); }

void RidgeModel::ResetArm(const Arm& settings, std::optional<double> level, double strength) {
  RidgeArm& arm = arms_.Mutable(Index(settings.id));
  if (arm.OwnsPosteriors()) --owners_;
  arm = RidgeArm();
  arm.Put(settings);
  if (level && strength > 0) arm.Believe(*level, strength);
}

void RidgeModel::Settle() {
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const RidgeArm* arm = arms_.Get(i);
    if (arm == nullptr) continue;
    const double kept = KeptSince(arm->clock(), forget_outcomes_);
    arms_.Mutable(i).Settle(precisions_, kept, clock());
  }
}

void RidgeModel::Grow(uint32_t dimension) {
  dimension_ = static_cast<Eigen::Index>(dimension);
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const RidgeArm* arm = arms_.Get(i);
    if (arm != nullptr && arm->OwnsPosteriors()) {
      arms_.Mutable(i).Grow(dimension_ + 1, precisions_);
    }
  }
}

void RidgeModel::LearnRidges(const Observation& observation) {
  RidgeArm& arm = arms_.Mutable(Index(observation.arm));
  const bool owned = arm.OwnsPosteriors();
  arm.Learn(observation, WithIntercept(observation.context, dimension_), precisions_,
            forget_outcomes_, clock(), owners_ < kOwnersMax);
  if (!owned && arm.OwnsPosteriors()) ++owners_;
}

const RidgeArm& RidgeModel::ArmOf(ArmId id) const {
  const RidgeArm* arm = arms_.Get(Index(id));
  return arm == nullptr ? unknown_ : *arm;
}

QualityEstimate RidgeModel::Ridge(ArmId id, std::size_t i,
                                  const Eigen::Ref<const Eigen::VectorXd>& x) const {
  const RidgeArm& arm = ArmOf(id);
  return arm.At(i, precisions_[i], x, KeptSince(arm.clock(), forget_outcomes_));
}

QualityEstimate RidgeModel::RidgeLevel(ArmId id) const {
  const RidgeArm& arm = ArmOf(id);
  return arm.Level(KeptSince(arm.clock(), forget_outcomes_));
}

void RidgeModel::EncodeRidges(ByteWriter& out) const {
  out.Put(clock());
  out.Put(static_cast<uint64_t>(arms_.size()));
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const RidgeArm* arm = arms_.Get(i);
    out.Put(static_cast<uint8_t>(arm != nullptr));
    if (arm != nullptr) arm->Encode(out);
  }
}

absl::Status RidgeModel::DecodeRidges(const char* name, ByteReader& in) {
  if (in.format() >= 4) SetClock(in.Get<double>());
  if (!std::isfinite(clock())) in.Fail();
  const uint64_t count = in.GetCount(1);
  arms_.BeginEdit();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    if (!in.GetBool()) continue;
    auto arm =
        std::make_shared<const RidgeArm>(RidgeArm::Decode(dimension_ + 1, precisions_.size(), in));
    owners_ += arm->OwnsPosteriors() ? 1 : 0;
    arms_.Set(i, std::move(arm));
  }
  arms_.EndEdit();
  if (in.ok() && arms_.size() == count) return absl::OkStatus();
  return DataLoss("quality model ", name, ": its arms cannot be read; use an older snapshot");
}

}  // namespace pointsman::learners
