#include "learners/quality/linucb.h"

#include "base/check.h"
#include "learners/linear/ridge_model.h"

namespace pointsman::learners {
namespace {

constexpr double kNoise =
    0.3;  // deviation of one outcome: the bound's distance at exploration_scale 1

class LinUcb final : public RidgeModel {
 public:
  LinUcb(const LearnerSettings& settings, uint32_t dimension)
      : RidgeModel(settings, dimension, {1.0}), optimism_(settings.exploration_scale) {}

  std::unique_ptr<QualityModel> Clone() const override { return std::make_unique<LinUcb>(*this); }

  void Learn(const Observation& observation) override { LearnRidges(observation); }

  void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override {
    POINTSMAN_CHECK(arms.size() == out.size());
    const Eigen::VectorXd x = WithIntercept(context, dimension());
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const QualityEstimate ridge = Ridge(arms[a].arm->id, 0, x);
      out[a] = {ridge.mean, kNoise * ridge.stddev};
    }
  }

  QualityEstimate Level(ArmId arm) const override {
    const QualityEstimate level = RidgeLevel(arm);
    return {level.mean, kNoise * level.stddev};
  }
  double Optimism() const override { return optimism_; }

  void Encode(ByteWriter& out) const override { EncodeRidges(out); }

 private:
  double optimism_;
};

}  // namespace

std::unique_ptr<QualityModel> MakeLinUcb(const LearnerSettings& settings, uint32_t dimension) {
  return std::make_unique<LinUcb>(settings, dimension);
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeLinUcb(const LearnerSettings& settings,
                                                           uint32_t dimension, ByteReader& in) {
  auto model = std::make_unique<LinUcb>(settings, dimension);
  const absl::Status status = model->DecodeRidges("linucb", in);
  if (!status.ok()) return status;
  return model;
}

}  // namespace pointsman::learners
