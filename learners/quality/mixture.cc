#include "learners/quality/mixture.h"

#include <array>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "learners/choice/expert_mixture.h"
#include "learners/linear/ridge_model.h"

namespace pointsman::learners {
namespace {

constexpr std::size_t kExperts = 3;
constexpr std::array<double, kExperts> kWidths = {0.3, 0.3, 0.1};
constexpr double kHardScale = 0.2;
constexpr MixtureRule kRule{kExperts, 0.04, 1e12, 0.03};

class Mixture final : public RidgeModel {
 public:
  Mixture(const LearnerSettings& settings, uint32_t dimension)
      : RidgeModel(settings, dimension, {1 / (kHardScale * kHardScale), 1.0}), weights_(kRule) {}

  std::unique_ptr<QualityModel> Clone() const override { return std::make_unique<Mixture>(*this); }

  void Learn(const Observation& observation) override {
    weights_.Learn(observation);
    LearnRidges(observation);
  }

  void Estimate(std::span<const float> context, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override {
    POINTSMAN_CHECK(arms.size() == out.size());
    const std::vector<QualityEstimate> opinions = Opinions(context, arms);
    const auto shares = weights_.Shares();
    for (std::size_t a = 0; a < arms.size(); ++a) {
      double mean = 0, variance = 0;
      for (std::size_t i = 0; i < kExperts; ++i) {
        const QualityEstimate& opinion = opinions[i * arms.size() + a];
        mean += shares[i] * opinion.mean;
        variance += shares[i] * opinion.stddev * opinion.stddev;
      }
      out[a] = {mean, std::sqrt(variance)};
    }
  }

  bool ChooseDirectly(const LearnerSettings& settings, std::span<const float> context,
                      std::span<const ArmView> arms, std::span<const UtilityTerm> terms,
                      std::span<const double> floors, std::span<double> pmf,
                      std::span<ExpertVotes> votes) const override {
    MixChoices(settings, weights_.Shares(), Opinions(context, arms), terms, {.floors = floors}, pmf,
               votes);
    return true;
  }

  QualityEstimate Level(ArmId arm) const override {
    QualityEstimate level = RidgeLevel(arm);
    level.stddev *= kWidths[0];
    return level;
  }

  void Encode(ByteWriter& out) const override {
    weights_.Encode(out);
    EncodeRidges(out);
  }

  absl::Status DecodeAll(ByteReader& in) {
    weights_.Decode(in);
    return DecodeRidges("mixture", in);
  }

 private:
  // opinions[expert * k + arm].
  std::vector<QualityEstimate> Opinions(std::span<const float> context,
                                        std::span<const ArmView> arms) const {
    const Eigen::VectorXd x = WithIntercept(context, dimension());
    const std::size_t k = arms.size();
    std::vector<QualityEstimate> opinions(kExperts * k);
    for (std::size_t a = 0; a < k; ++a) {
      const ArmId arm = arms[a].arm->id;
      opinions[a] = RidgeLevel(arm);
      opinions[k + a] = Ridge(arm, 0, x);
      opinions[2 * k + a] = Ridge(arm, 1, x);
      for (std::size_t i = 0; i < kExperts; ++i) opinions[i * k + a].stddev *= kWidths[i];
    }
    return opinions;
  }

  MixtureWeights weights_;
};

}  // namespace

std::unique_ptr<QualityModel> MakeMixture(const LearnerSettings& settings, uint32_t dimension) {
  return std::make_unique<Mixture>(settings, dimension);
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeMixture(const LearnerSettings& settings,
                                                            uint32_t dimension, ByteReader& in) {
  auto model = std::make_unique<Mixture>(settings, dimension);
  const absl::Status status = model->DecodeAll(in);
  if (!status.ok()) return status;
  return model;
}

}  // namespace pointsman::learners
