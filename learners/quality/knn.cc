#include "learners/quality/knn.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "learners/quality/context_free.h"

namespace pointsman::learners {
namespace {

constexpr double kHalfCount = 2;
constexpr double kNoise = 0.3;
constexpr double kLevelNoise = 0.4;  // learners/quality/context_free.h

// The levels are a whole context-free model.
class Knn final : public QualityModel {
 public:
  explicit Knn(std::unique_ptr<QualityModel> levels) : levels_(std::move(levels)) {
    SetClock(levels_->clock());
  }

  std::unique_ptr<QualityModel> Clone() const override {
    return std::make_unique<Knn>(levels_->Clone());
  }
  void BeginEdit() override { levels_->BeginEdit(); }
  void EndEdit() override { levels_->EndEdit(); }
  void PutArm(const Arm& arm) override { levels_->PutArm(arm); }
  void ResetArm(const Arm& arm, std::optional<double> level, double strength) override {
    levels_->ResetArm(arm, level, strength);
  }
  void Tick(double outcomes) override {
    QualityModel::Tick(outcomes);
    levels_->Tick(outcomes);
  }
  void Settle() override { levels_->Settle(); }
  void Learn(const Observation& observation) override { levels_->Learn(observation); }

  void Estimate(std::span<const float>, std::span<const ArmView> arms,
                std::span<QualityEstimate> out) const override {
    POINTSMAN_CHECK(arms.size() == out.size());
    for (std::size_t a = 0; a < arms.size(); ++a) {
      const QualityEstimate level = Level(arms[a].arm->id);
      const ArmFeatures& f = arms[a].features;
      const double count = std::max(0.0, static_cast<double>(f.neighbour_count));
      const double near = static_cast<double>(f.neighbour_quality);
      out[a] = {(kHalfCount * level.mean + count * near) / (kHalfCount + count), level.stddev};
    }
  }

  QualityEstimate Level(ArmId arm) const override {
    const QualityEstimate level = levels_->Level(arm);
    return {level.mean, level.stddev * (kNoise / kLevelNoise)};
  }
  void Encode(ByteWriter& out) const override { levels_->Encode(out); }

 private:
  std::unique_ptr<QualityModel> levels_;
};

}  // namespace

std::unique_ptr<QualityModel> MakeKnn(const LearnerSettings& settings, uint32_t dimension) {
  return std::make_unique<Knn>(MakeContextFree(settings, dimension));
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeKnn(const LearnerSettings& settings,
                                                        uint32_t dimension, ByteReader& in) {
  absl::StatusOr<std::unique_ptr<QualityModel>> levels = DecodeContextFree(settings, dimension, in);
  if (!levels.ok()) return levels.status();
  return std::make_unique<Knn>(*std::move(levels));
}

}  // namespace pointsman::learners
