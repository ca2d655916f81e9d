#include "learners/hybrid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "Eigen/Core"
#include "base/check.h"
#include "base/persistent_array.h"
#include "base/strings.h"
#include "learners/hybrid_arm.h"
#include "learners/hybrid_head.h"
#include "learners/hybrid_shared.h"

namespace pointsman {
namespace {

using Eigen::MatrixXd;
using Eigen::Vector3d;
using Eigen::VectorXd;

constexpr std::size_t kCautious = 0, kBold = 1;
constexpr uint32_t kMatricesMax = 2000;
constexpr double kWeightLeast = 1e-9;
constexpr double kFadedShare = 0.9;
constexpr double kDriftOutcomesMin = 30;
constexpr double kOutcomesAfterDrift = 24;
constexpr double kWatchOutcomes = 2000;
constexpr double kWatchedShare = 0.02;
constexpr double kWatchedShareAll = 0.06;
constexpr uint64_t kLateOutcomes = 1000;  // of the pool, before an arm counts as a late one
constexpr uint32_t kTrialOutcomes = 40;
constexpr double kTrialShare = 0.025;
constexpr std::size_t kRefreshArmsMax = 64;

class Hybrid final : public QualityModel {
 public:
  Hybrid(const LearnerSettings& settings, uint32_t dimension, const HybridTuning& tuning)
      : forget_outcomes_(settings.forget_outcomes),
        dimension_(static_cast<Eigen::Index>(dimension)),
        tuning_(tuning),
        head_(tuning.head_precision),
        weights_(tuning.mixture) {
    for (HybridPrior& prior : priors_) prior.slope = VectorXd::Zero(dimension_);
    priors_[kCautious].precision = tuning.cautious_precision;
    priors_[kBold].precision = tuning.bold_precision;
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
  void Encode(ByteWriter& out) const override;
  static absl::StatusOr<std::unique_ptr<QualityModel>> Decode(const LearnerSettings& settings,
                                                              uint32_t dimension,
                                                              const HybridTuning& tuning,
                                                              ByteReader& in);

 private:
  VectorXd Vector(std::span<const float> context) const;
  double Linear(const HybridArm* arm, std::size_t expert, const VectorXd& z) const;
  double Deviation(const HybridArm* arm) const;
  double WatchedShare(const HybridArm& arm) const;
  Vector3d Phi(const ArmFeatures& features, double linear) const;
  // opinions[expert * k + arm].
  std::vector<QualityEstimate> Opinions(std::span<const float> context,
                                        std::span<const ArmView> arms) const;
  double Kept(const HybridArm& arm) const { return KeptSince(arm.clock, forget_outcomes_); }
  void TakeBack(const Observation& observation, HybridArm& arm);
  void TakeBackCause(const Observation& observation, double anchor, HybridArm& arm);
  void LearnHead(const Observation& observation, const HybridArm& arm, const VectorXd& z);
  bool Forget(HybridArm& arm) const;
  void AddEvidence(const Observation& observation, const VectorXd& z, HybridArm& arm);
  void CheckDrift(const Observation& observation, double residual, HybridArm& arm);
  void Read(HybridArm& arm, bool must_solve) const;
  void Refresh();

  double forget_outcomes_;
  Eigen::Index dimension_;
  HybridTuning tuning_;
  uint64_t outcomes_ = 0;
  uint64_t next_refresh_ = 16;
  uint32_t matrices_ = 0;
  std::array<HybridPrior, kHybridExperts> priors_;
  HybridHead head_;
  MixtureWeights weights_;
  PersistentArray<HybridArm> arms_;
};

VectorXd Hybrid::Vector(std::span<const float> context) const {
  POINTSMAN_CHECK(context.empty() || static_cast<Eigen::Index>(context.size()) == dimension_);
  if (context.empty()) return VectorXd::Zero(dimension_);
  return Eigen::Map<const Eigen::VectorXf>(context.data(), dimension_).cast<double>();
}

double Hybrid::Linear(const HybridArm* arm, std::size_t expert, const VectorXd& z) const {
  const HybridPrior& prior = priors_[expert];
  if (arm == nullptr) return prior.level + prior.slope.dot(z);
  const HybridArm::Reading& reading = arm->readings[expert];
  const double kept = Kept(*arm);
  const double level = arm->Level(expert, prior, tuning_.level_strength, kept);
  if (reading.theta.size() == 0) return level + prior.slope.dot(z);
  if (kept == 1) return level + reading.theta.dot(z);
  // Between two solves theta goes back to w as it would with this share of evenly spread evidence.
  const double precision = prior.precision * static_cast<double>(dimension_);
  const double part = kept * (arm->weight + precision) / (kept * arm->weight + precision);
  return level + prior.slope.dot(z) + part * (reading.theta - prior.slope).dot(z);
}

double Hybrid::Deviation(const HybridArm* arm) const {
  const double n = arm == nullptr
                       ? tuning_.level_strength
                       : Kept(*arm) * arm->weight + arm->PriorStrength(tuning_.level_strength);
  return std::sqrt((tuning_.noise * tuning_.noise + tuning_.doubt * tuning_.doubt / n) / n);
}

Vector3d Hybrid::Phi(const ArmFeatures& features, double linear) const {
  const double count = std::max(0.0, static_cast<double>(features.neighbour_count));
  const double half = tuning_.head_half_count;
  const double beyond = count > 0 ? static_cast<double>(features.neighbour_quality) - linear : 0;
  return {count / (count + half) * beyond, count / (count + 4 * half) * beyond,
          static_cast<double>(features.description_similarity)};
}

std::vector<QualityEstimate> Hybrid::Opinions(std::span<const float> context,
                                              std::span<const ArmView> arms) const {
  const VectorXd z = Vector(context);
  const std::size_t k = arms.size();
  std::vector<QualityEstimate> opinions(kHybridExperts * k);
  for (std::size_t a = 0; a < k; ++a) {
    const HybridArm* arm = arms_.Get(Index(arms[a].arm->id));
    const double deviation = Deviation(arm);
    const double bold = Linear(arm, kBold, z);
    opinions[kCautious * k + a] = {Linear(arm, kCautious, z), deviation};
    opinions[kBold * k + a] = {bold + head_.Says(Phi(arms[a].features, bold)), deviation};
  }
  return opinions;
}

void Hybrid::Estimate(std::span<const float> context, std::span<const ArmView> arms,
                      std::span<QualityEstimate> out) const {
  POINTSMAN_CHECK(arms.size() == out.size());
  const std::vector<QualityEstimate> opinions = Opinions(context, arms);
  const auto shares = weights_.Shares();
  for (std::size_t a = 0; a < arms.size(); ++a) {
    out[a] = {shares[kCautious] * opinions[a].mean + shares[kBold] * opinions[arms.size() + a].mean,
              opinions[a].stddev};
  }
}

bool Hybrid::ChooseDirectly(const LearnerSettings& settings, std::span<const float> context,
                            std::span<const ArmView> arms, std::span<const UtilityTerm> terms,
                            std::span<const double> least, std::span<double> pmf,
                            std::span<ExpertVotes> votes) const {
  const auto shares = weights_.Shares();
  std::vector<double> floors(arms.size(), 0.0);
  double watched = 0;
  for (std::size_t a = 0; a < arms.size(); ++a) {
    const HybridArm* arm = arms_.Get(Index(arms[a].arm->id));
    floors[a] = std::max(least.empty() ? 0 : least[a], arm == nullptr ? 0 : WatchedShare(*arm));
    watched += floors[a];
  }
  if (watched > kWatchedShareAll) {
    for (double& floor : floors) floor *= kWatchedShareAll / watched;
  }
  MixChoices(settings, std::span(shares).first(kHybridExperts), Opinions(context, arms), terms,
             floors, pmf, votes);
  return true;
}

QualityEstimate Hybrid::Level(ArmId id) const {
  const HybridArm* arm = arms_.Get(Index(id));
  return {Linear(arm, kCautious, VectorXd::Zero(dimension_)), Deviation(arm)};
}

void Hybrid::PutArm(const Arm& settings) {
  const bool is_late = arms_.Get(Index(settings.id)) == nullptr && outcomes_ >= kLateOutcomes;
  HybridArm& arm = arms_.Mutable(Index(settings.id));
  if (is_late && tuning_.detects_drift) arm.watched_since = outcomes_;
  arm.prior_level = settings.prior_quality;
  arm.prior_strength = settings.prior_quality ? settings.prior_strength : 0;
  Read(arm, false);
}

void Hybrid::ResetArm(const Arm& settings, std::optional<double> level, double strength) {
  HybridArm& arm = arms_.Mutable(Index(settings.id));
  if (arm.HasMatrix()) --matrices_;
  arm = {};
  if (outcomes_ >= kLateOutcomes && tuning_.detects_drift) arm.watched_since = outcomes_;
  PutArm(settings);
  if (!level || !(strength > 0)) return;
  arm.prior_level = *level;
  arm.prior_strength = strength;
}

void Hybrid::Settle() {
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    if (arms_.Get(i) != nullptr) Forget(arms_.Mutable(i));
  }
}

void Hybrid::Grow(uint32_t dimension) {
  dimension_ = static_cast<Eigen::Index>(dimension);
  for (HybridPrior& prior : priors_) {
    prior.slope.conservativeResizeLike(VectorXd::Zero(dimension_));
  }
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    if (arms_.Get(i) != nullptr) arms_.Mutable(i).Grow(dimension_);
  }
}

void Hybrid::Learn(const Observation& observation) {
  POINTSMAN_CHECK(std::isfinite(observation.quality) && observation.weight >= 0);
  HybridArm& arm = arms_.Mutable(Index(observation.arm));
  const bool has_faded = Forget(arm);
  if (!observation.is_new()) {
    TakeBack(observation, arm);
    return;
  }
  const VectorXd z = Vector(observation.context);
  weights_.Learn(observation);
  LearnHead(observation, arm, z);
  const double residual = observation.quality - Linear(&arm, kCautious, z);
  AddEvidence(observation, z, arm);
  // What others measured is no change in what the arm does.
  if (tuning_.detects_drift && !observation.is_imported) CheckDrift(observation, residual, arm);
  Read(arm, has_faded);
  if (++outcomes_ >= next_refresh_) {
    Refresh();
    next_refresh_ = outcomes_ + std::max<uint64_t>(16, outcomes_ / 8);
  }
}

// What an arm that was found degraded keeps, so that its recovery can be seen, and a late one gets, so
// that its niche can: for 2,000 outcomes of the pool, then less and less.
double Hybrid::WatchedShare(const HybridArm& arm) const {
  if (arm.watched_since == 0) return 0;
  const auto elapsed = static_cast<double>(outcomes_ - std::min(outcomes_, arm.watched_since));
  const double share = arm.outcomes < kTrialOutcomes ? kTrialShare : kWatchedShare;
  return share * std::min(1.0, kWatchOutcomes / std::max(1.0, elapsed));
}

// A correction or a withdrawal: of what is left of the outcome, where it was learned.
void Hybrid::TakeBack(const Observation& observation, HybridArm& arm) {
  const double anchor = observation.anchor.value_or(clock());
  const HybridArm::Since since = arm.CutsSince(anchor);
  const double weight = observation.weight * KeptSince(anchor, forget_outcomes_) * since.kept;
  const bool has_slope =
      arm.HasMatrix() && !observation.context.empty() && anchor >= arm.matrix_since;
  VectorXd x(dimension_ + 1);
  x << 1, Vector(observation.context);
  if (observation.is_withdrawal) {
    const double y = observation.quality + since.shift;
    arm.weight = std::max(0.0, arm.weight - weight);
    arm.sum -= weight * y;
    if (has_slope) {
      arm.sums.Add(x, y, -weight);
    } else {
      arm.bare_weight = std::max(0.0, arm.bare_weight - weight);
      arm.bare_sum -= weight * y;
    }
    arm.ForgetMoved(anchor, weight, has_slope ? &x : nullptr);
    if (arm.weight < kWeightLeast) arm.weight = arm.sum = 0;
    if (arm.bare_weight < kWeightLeast) arm.bare_weight = arm.bare_sum = 0;
    arm.solved_weight = std::min(arm.solved_weight, arm.weight);
    next_refresh_ = std::min(next_refresh_, outcomes_ + 1);  // what all arms share follows
  } else {
    const double change = observation.quality - observation.corrected_from;
    arm.sum += weight * change;
    if (has_slope) {
      arm.sums.Correct(x, change, weight);
    } else {
      arm.bare_sum += weight * change;
    }
  }
  TakeBackCause(observation, anchor, arm);
  Read(arm, arm.HasMatrix());
}

// A change that was seen in outcomes that are no more was none.
void Hybrid::TakeBackCause(const Observation& observation, double anchor, HybridArm& arm) {
  const double weight = std::min(1.0, observation.weight);
  for (const HybridArm::Cut& cut : arm.cuts) {
    if (cut.clock < anchor || anchor < cut.cause.since || cut.cause_sum == 0) continue;
    // Its own residual is not kept: on average it was the shift.
    const double change = observation.is_withdrawal ? -cut.shift
                                                    : observation.quality - observation.corrected_from;
    if (arm.TakeBackCause(anchor, weight, change)) arm.watched_since = 0;
    return;
  }
}

void Hybrid::LearnHead(const Observation& observation, const HybridArm& arm, const VectorXd& z) {
  const double linear = Linear(&arm, kBold, z);
  const Vector3d phi = Phi(observation.features, linear);
  if (!phi.isZero(0)) head_.Learn(phi, observation.quality - linear, observation.weight);
}

// Whether so much has faded that theta has to be solved again.
bool Hybrid::Forget(HybridArm& arm) const {
  const double kept = Kept(arm);
  if (kept < 1) arm.Scale(kept);
  arm.clock = clock();
  return kept < kFadedShare;
}

void Hybrid::AddEvidence(const Observation& observation, const VectorXd& z, HybridArm& arm) {
  const double weight =
      observation.weight * KeptSince(observation.anchor.value_or(clock()), forget_outcomes_);
  const double y = observation.quality;
  arm.weight += weight;
  arm.sum += weight * y;
  if (arm.outcomes < std::numeric_limits<uint32_t>::max()) ++arm.outcomes;
  if (arm.outcomes == kTrialOutcomes) arm.watched_since = 0;
  const bool has_earned = arm.outcomes > tuning_.outcomes_before_matrix;
  if (!arm.HasMatrix() && has_earned && !observation.context.empty() && matrices_ < kMatricesMax) {
    arm.sums = RegressionSums(dimension_ + 1);
    arm.matrix_since = observation.anchor.value_or(clock());
    ++matrices_;
  }
  if (!arm.HasMatrix() || observation.context.empty()) {
    arm.bare_weight += weight;
    arm.bare_sum += weight * y;
    return;
  }
  VectorXd x(dimension_ + 1);
  x << 1, z;
  arm.sums.Add(x, y, weight);
}

void Hybrid::CheckDrift(const Observation& observation, double residual, HybridArm& arm) {
  if (arm.weight < kDriftOutcomesMin) return;
  const std::optional<DriftAlarm> alarm =
      arm.drift.Add(residual, std::min(1.0, observation.weight), arm.watched_since > 0, clock());
  if (!alarm) return;
  // The evidence gathered since the change holds part of it already; what is kept is little, so the
  // error is too.
  arm.ShiftAndScale(*alarm, std::min(1.0, kOutcomesAfterDrift / arm.weight), clock());
  arm.watched_since = alarm->shift() < 0 ? outcomes_ + 1 : 0;
  Read(arm, true);
}

void Hybrid::Read(HybridArm& arm, bool must_solve) const {
  const double grown = arm.weight - arm.solved_weight;
  const bool solves =
      arm.HasMatrix() && (must_solve || grown >= std::max(4.0, arm.solved_weight / 16));
  const double strength = tuning_.level_strength;
  const MatrixXd moments = solves ? arm.SlopeMoments(strength) : MatrixXd();
  for (std::size_t expert = 0; expert < kHybridExperts; ++expert) {
    if (solves) {
      arm.ReadTheta(expert, priors_[expert], strength, moments);
    } else {
      arm.ReadOwn(expert);
    }
  }
  if (solves) arm.solved_weight = arm.weight;
}

void Hybrid::Refresh() {
  if (forget_outcomes_ > 0) Settle();  // so that all arms speak of the same moment
  std::vector<std::size_t> busiest;
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const HybridArm* arm = arms_.Get(i);
    if (arm != nullptr && arm->HasMatrix()) busiest.push_back(i);
  }
  const std::size_t count = std::min(busiest.size(), kRefreshArmsMax);
  std::partial_sort(busiest.begin(), busiest.begin() + static_cast<std::ptrdiff_t>(count),
                    busiest.end(), [&](std::size_t a, std::size_t b) {
                      const double x = arms_.Get(a)->weight, y = arms_.Get(b)->weight;
                      return x != y ? x > y : a < b;
                    });
  busiest.resize(count);
  const SharedTuning tuning{tuning_.level_strength, tuning_.slope_precision};
  for (std::size_t expert = 0; expert < kHybridExperts; ++expert) {
    LearnSharedPrior(tuning, expert, busiest, arms_, priors_[expert]);
  }
  for (const std::size_t i : busiest) arms_.Mutable(i).solved_weight = arms_.Get(i)->weight;
}

void Hybrid::Encode(ByteWriter& out) const {
  out.Put(clock());
  out.Put(outcomes_);
  out.Put(next_refresh_);
  for (const HybridPrior& prior : priors_) {
    out.Put(prior.level);
    out.PutArray(
        std::span<const double>(prior.slope.data(), static_cast<std::size_t>(prior.slope.size())));
  }
  head_.Encode(out);
  weights_.Encode(out);
  out.Put(static_cast<uint64_t>(arms_.size()));
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    const HybridArm* arm = arms_.Get(i);
    out.Put(static_cast<uint8_t>(arm != nullptr));
    if (arm != nullptr) arm->Encode(out);
  }
}

absl::StatusOr<std::unique_ptr<QualityModel>> Hybrid::Decode(const LearnerSettings& settings,
                                                             uint32_t dimension,
                                                             const HybridTuning& tuning,
                                                             ByteReader& in) {
  auto model = std::make_unique<Hybrid>(settings, dimension, tuning);
  if (in.format() >= 4) model->SetClock(in.Get<double>());
  if (!std::isfinite(model->clock())) in.Fail();
  model->outcomes_ = in.Get<uint64_t>();
  model->next_refresh_ = in.Get<uint64_t>();
  for (HybridPrior& prior : model->priors_) {
    prior.level = in.Get<double>();
    if (!std::isfinite(prior.level)) in.Fail();
    const std::vector<double> slope = in.GetArray<double>();
    if (slope.size() != dimension) in.Fail();
    for (std::size_t i = 0; i < slope.size() && in.ok(); ++i) {
      if (!std::isfinite(slope[i])) in.Fail();
      prior.slope[static_cast<Eigen::Index>(i)] = slope[i];
    }
  }
  model->head_.Decode(in);
  model->weights_.Decode(in);
  const uint64_t count = in.GetCount(1);
  model->arms_.BeginEdit();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    if (!in.GetBool()) continue;
    auto arm = std::make_shared<const HybridArm>(HybridArm::Decode(model->dimension_, in));
    model->matrices_ += arm->HasMatrix() ? 1 : 0;
    model->arms_.Set(i, std::move(arm));
  }
  model->arms_.EndEdit();
  if (!in.ok() || model->arms_.size() != count) {
    return DataLoss("quality model hybrid: its state does not read back; use an older snapshot");
  }
  return model;
}

HybridTuning Steady() {
  HybridTuning tuning;
  tuning.detects_drift = false;
  return tuning;
}

}  // namespace

std::unique_ptr<QualityModel> MakeHybrid(const LearnerSettings& settings, uint32_t dimension) {
  return MakeHybridTuned(settings, dimension, HybridTuning{});
}

std::unique_ptr<QualityModel> MakeHybridSteady(const LearnerSettings& settings,
                                               uint32_t dimension) {
  return MakeHybridTuned(settings, dimension, Steady());
}

std::unique_ptr<QualityModel> MakeHybridTuned(const LearnerSettings& settings, uint32_t dimension,
                                              const HybridTuning& tuning) {
  return std::make_unique<Hybrid>(settings, dimension, tuning);
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeHybrid(const LearnerSettings& settings,
                                                           uint32_t dimension, ByteReader& in) {
  return Hybrid::Decode(settings, dimension, HybridTuning{}, in);
}

absl::StatusOr<std::unique_ptr<QualityModel>> DecodeHybridSteady(const LearnerSettings& settings,
                                                                 uint32_t dimension,
                                                                 ByteReader& in) {
  return Hybrid::Decode(settings, dimension, Steady(), in);
}

}  // namespace pointsman
