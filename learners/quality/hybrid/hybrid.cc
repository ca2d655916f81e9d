#include "learners/quality/hybrid/hybrid.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "Eigen/Core"
#include "base/check.h"
#include "base/strings.h"
#include "learners/change/watched_share.h"
#include "learners/quality/hybrid/hybrid_model.h"

namespace pointsman::learners {
namespace {

using Eigen::Vector3d;
using Eigen::VectorXd;

constexpr uint64_t kLateOutcomes = 1000;  // of the pool: an arm that joins after this many is late
constexpr double kTrialShare = 0.025;
// Claims are not made if a lead cannot be worth the first, and are made fully if it may be worth the second.
constexpr double kClaimedLeast = 0.03, kClaimedFully = 0.15;

}  // namespace

double Hybrid::Lead(const ArmFeatures& features) const {
  return description_weight_ > 0 ? static_cast<double>(features.description_lead) : 0;
}

VectorXd Hybrid::SlopePrior() const {
  VectorXd slope = VectorXd::Zero(dimension_);
  slope[0] = description_weight_;
  return slope;
}

VectorXd Hybrid::Vector(std::span<const float> context, const ArmFeatures& features) const {
  VectorXd z = VectorXd::Zero(dimension_);
  if (context.empty()) return z;
  POINTSMAN_CHECK(static_cast<Eigen::Index>(context.size()) == dimension_ - 1);
  z[0] = Lead(features);
  z.tail(dimension_ - 1) =
      Eigen::Map<const Eigen::VectorXf>(context.data(), dimension_ - 1).cast<double>();
  return z;
}

double Hybrid::Linear(const HybridArm* arm, std::size_t expert, const VectorXd& z) const {
  const HybridPrior& prior = priors_[expert];
  if (arm == nullptr) return prior.level + prior.slope.dot(z);
  const HybridArm::Reading& reading = arm->readings[expert];
  const double kept = Kept(*arm);
  const double level = arm->Level(expert, prior, Strength(), kept);
  if (reading.theta.size() == 0) return level + prior.slope.dot(z);
  if (kept == 1) return level + reading.theta.dot(z);
  // Between two solves theta moves back to w as if this share of evidence, spread evenly over z, were left.
  const double precision = prior.precision * static_cast<double>(dimension_);
  const double part = kept * (arm->weight + precision) / (kept * arm->weight + precision);
  return level + prior.slope.dot(z) + part * (reading.theta - prior.slope).dot(z);
}

double Hybrid::Deviation(const HybridArm* arm) const {
  const HybridPrior& prior = priors_[kHybridCautious];
  if (arm == nullptr) return spread_.Deviation(prior.level, Strength());
  const double kept = Kept(*arm);
  const double n = kept * arm->weight + arm->PriorStrength(Strength());
  return spread_.Deviation(arm->Level(kHybridCautious, prior, Strength(), kept), n);
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
  VectorXd z = Vector(context, {});
  const std::size_t k = arms.size();
  std::vector<QualityEstimate> opinions(kHybridExperts * k);
  for (std::size_t a = 0; a < k; ++a) {
    const HybridArm* arm = arms_.Get(Index(arms[a].arm->id));
    const double deviation = Deviation(arm);
    if (!context.empty()) z[0] = Lead(arms[a].features);
    const double bold = Linear(arm, kHybridBold, z);
    opinions[kHybridCautious * k + a] = {Linear(arm, kHybridCautious, z), deviation};
    opinions[kHybridBold * k + a] = {bold + head_.Says(Phi(arms[a].features, bold)), deviation};
  }
  return opinions;
}

std::vector<double> Hybrid::Claims(std::span<const ArmView> arms) const {
  const HybridPrior& prior = priors_[kHybridCautious];
  const double doubt = std::sqrt(spread_.OutcomeVariance(prior.level) * prior.lead_variance);
  const double possible = prior.slope[0] + doubt;
  const double trust =
      std::clamp((possible - kClaimedLeast) / (kClaimedFully - kClaimedLeast), 0.0, 1.0);
  if (trust == 0 || description_weight_ == 0) return {};
  std::vector<double> claims(kHybridExperts * arms.size(), 0.0);
  for (std::size_t a = 0; a < arms.size(); ++a) {
    const HybridArm* arm = arms_.Get(Index(arms[a].arm->id));
    const double known = arm == nullptr ? 0 : Kept(*arm) * arm->weight;
    const double unknown = tuning_.claim_strength / (known + tuning_.claim_strength);
    claims[kHybridBold * arms.size() + a] =
        trust * Lead(arms[a].features) * tuning_.claim_quality * unknown;
  }
  return claims;
}

void Hybrid::Estimate(std::span<const float> context, std::span<const ArmView> arms,
                      std::span<QualityEstimate> out) const {
  POINTSMAN_CHECK(arms.size() == out.size());
  const std::vector<QualityEstimate> opinions = Opinions(context, arms);
  const auto shares = weights_.Shares();
  for (std::size_t a = 0; a < arms.size(); ++a) {
    out[a] = {shares[kHybridCautious] * opinions[a].mean +
                  shares[kHybridBold] * opinions[arms.size() + a].mean,
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
    floors[a] = std::max(least.empty() ? 0 : least[a], ShareKept(arm));
    watched += floors[a];
  }
  LimitShares(watched, floors);
  const std::vector<double> claims = context.empty() ? std::vector<double>() : Claims(arms);
  const MixtureGuide guide{floors, claims, tuning_.width, tuning_.possible_share};
  MixChoices(settings, std::span(shares).first(kHybridExperts), Opinions(context, arms), terms,
             guide, pmf, votes);
  return true;
}

QualityEstimate Hybrid::Level(ArmId id) const {
  const HybridArm* arm = arms_.Get(Index(id));
  return {Linear(arm, kHybridCautious, VectorXd::Zero(dimension_)), Deviation(arm)};
}

void Hybrid::PutArm(const Arm& settings) {
  const bool is_new = arms_.Get(Index(settings.id)) == nullptr;
  HybridArm& arm = arms_.Mutable(Index(settings.id));
  if (is_new) arm.clock = clock();
  if (is_new && outcomes_ >= kLateOutcomes && tuning_.detects_drift) arm.watched_since = outcomes_;
  arm.prior_level = settings.prior_quality;
  arm.prior_strength = settings.prior_quality ? settings.prior_strength : 0;
  Read(arm, false);
}

void Hybrid::ResetArm(const Arm& settings, std::optional<double> level, double strength) {
  HybridArm& arm = arms_.Mutable(Index(settings.id));
  if (arm.HasMatrix()) --matrices_;
  arm = {};
  arm.clock = clock();
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
  dimension_ = static_cast<Eigen::Index>(dimension) + 1;
  for (HybridPrior& prior : priors_) {
    prior.slope.conservativeResizeLike(VectorXd::Zero(dimension_));
  }
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    if (arms_.Get(i) != nullptr) arms_.Mutable(i).Grow(dimension_);
  }
}

// The share of choices kept for a degraded arm, so that its recovery is seen, and for a late arm, so that its
// niche is found. It is whole for 2,000 outcomes of the pool and then falls.
double Hybrid::ShareKept(const HybridArm* arm) const {
  if (arm == nullptr || arm->watched_since == 0) return 0;
  const auto elapsed = static_cast<double>(outcomes_ - std::min(outcomes_, arm->watched_since));
  const double share = arm->outcomes < kHybridTrialOutcomes ? kTrialShare : kWatchedShare;
  return ShareAfter(share, elapsed);
}

double Hybrid::WatchedShare(ArmId arm) const { return ShareKept(arms_.Get(Index(arm))); }

void Hybrid::Encode(ByteWriter& out) const {
  out.Put(clock());
  out.Put(outcomes_);
  out.Put(next_refresh_);
  out.Put(withdrawn_);
  for (const HybridPrior& prior : priors_) {
    out.Put(prior.level);
    out.Put(prior.lead_variance);
    out.PutArray(
        std::span<const double>(prior.slope.data(), static_cast<std::size_t>(prior.slope.size())));
  }
  spread_.Encode(out);
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
  if (in.format() >= 4) model->withdrawn_ = in.Get<uint64_t>();
  for (HybridPrior& prior : model->priors_) {
    prior.level = in.Get<double>();
    if (in.format() >= 5) prior.lead_variance = in.Get<double>();
    if (!std::isfinite(prior.level) || !(prior.lead_variance > 0)) in.Fail();
    const std::vector<double> slope = in.GetArray<double>();
    const std::size_t first = in.format() < 5 ? 1 : 0;  // older formats have no entry for the lead
    if (slope.size() + first != dimension + 1) in.Fail();
    for (std::size_t i = 0; i < slope.size() && in.ok(); ++i) {
      if (!std::isfinite(slope[i])) in.Fail();
      prior.slope[static_cast<Eigen::Index>(i + first)] = slope[i];
    }
  }
  if (in.format() >= 5) model->spread_.Decode(in);
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
    return DataLoss("quality model hybrid: its state cannot be read; use an older snapshot");
  }
  return model;
}

namespace {

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

}  // namespace pointsman::learners
