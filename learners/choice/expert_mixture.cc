#include "learners/choice/expert_mixture.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "learners/choice/exploration.h"

namespace pointsman::learners {
namespace {

// Bounds for one drawn outcome: importance weights have heavy tails, and one draw must not decide.
constexpr double kRatioMax = 20;
constexpr double kGainMax = 20;
constexpr double kParMax = 100;
constexpr double kLogWeightMax = 500;

}  // namespace

std::array<double, kExpertsMax> MixtureWeights::Shares() const {
  std::array<double, kExpertsMax> shares{};
  const double best = *std::max_element(
      log_weights_.begin(), log_weights_.begin() + static_cast<std::ptrdiff_t>(rule_.experts));
  double sum = 0;
  for (std::size_t i = 0; i < rule_.experts; ++i) {
    shares[i] = std::exp(log_weights_[i] - best);
    sum += shares[i];
  }
  const auto experts = static_cast<double>(rule_.experts);
  for (std::size_t i = 0; i < rule_.experts; ++i) {
    shares[i] = (1 - rule_.share_floor) * shares[i] / sum + rule_.share_floor / experts;
  }
  return shares;
}

void MixtureWeights::Learn(const Observation& observation) {
  const ExpertVotes& votes = observation.features.votes;
  if (observation.is_off_policy || !observation.is_new() || votes == ExpertVotes{}) return;
  const std::array<double, kExpertsMax> shares = Shares();
  const double surplus = observation.quality - static_cast<double>(votes.par);
  std::array<double, kExpertsMax> gains{};
  double mean = 0, drawn = 0;
  for (std::size_t i = 0; i < rule_.experts; ++i) {
    const double ratio = std::min(static_cast<double>(votes.ratio[i]), kRatioMax);
    gains[i] = std::clamp(ratio * surplus, -kGainMax, kGainMax);
    mean += shares[i] * gains[i];
    drawn += shares[i] * ratio;
  }
  const double weight = observation.weight;
  const double outcomes = observation.is_imported ? weight * std::min(drawn, 1.0) : weight;
  const double kept = std::max(0.0, 1 - outcomes / rule_.memory);
  for (std::size_t i = 0; i < rule_.experts; ++i) {
    const double moved = kept * log_weights_[i] + rule_.rate * weight * (gains[i] - mean);
    log_weights_[i] = std::clamp(moved, -kLogWeightMax, kLogWeightMax);
  }
}

void MixtureWeights::Encode(ByteWriter& out) const { out.Put(log_weights_); }

void MixtureWeights::Decode(ByteReader& in) {
  log_weights_ = in.Get<std::array<double, kExpertsMax>>();
  for (const double weight : log_weights_) {
    if (!(std::abs(weight) <= kLogWeightMax)) in.Fail();
  }
  if (!in.ok()) log_weights_ = {};
}

void MixChoices(const LearnerSettings& settings, std::span<const double> shares,
                std::span<const QualityEstimate> opinions, std::span<const UtilityTerm> terms,
                std::span<const double> floors, std::span<double> pmf,
                std::span<ExpertVotes> votes) {
  const std::size_t k = terms.size(), experts = shares.size();
  POINTSMAN_CHECK(opinions.size() == k * experts && pmf.size() == k && votes.size() == k);
  LearnerSettings without_floor = settings;
  without_floor.exploration_floor = 0;
  std::fill(pmf.begin(), pmf.end(), 0.0);
  std::vector<double> means(k), stddevs(k), drawn(k * experts);
  double worth = 0;  // V: the expected utility of the round
  for (std::size_t i = 0; i < experts; ++i) {
    for (std::size_t a = 0; a < k; ++a) {
      means[a] = terms[a].weight * opinions[i * k + a].mean + terms[a].offset;
      stddevs[a] = std::hypot(terms[a].weight * opinions[i * k + a].stddev, terms[a].stddev);
    }
    const std::vector<double> mine = Distribution(without_floor, means, stddevs);
    for (std::size_t a = 0; a < k; ++a) {
      drawn[i * k + a] = mine[a];
      pmf[a] += shares[i] * mine[a];
      worth += shares[i] * mine[a] * means[a];
    }
  }
  double sum = 0;
  for (std::size_t a = 0; a < k; ++a) {
    if (!floors.empty()) pmf[a] = std::max(pmf[a], floors[a]);
    sum += pmf[a];
  }
  const double floor = k > 1 ? settings.exploration_floor : 0;
  for (std::size_t a = 0; a < k; ++a) {
    pmf[a] = (1 - floor) * (pmf[a] / sum) + floor / static_cast<double>(k);
    votes[a] = {};
    if (!(terms[a].weight > 0) || !(pmf[a] > 0)) continue;
    for (std::size_t i = 0; i < experts; ++i) {
      votes[a].ratio[i] = static_cast<float>(terms[a].weight * drawn[i * k + a] / pmf[a]);
    }
    const double par = (worth - terms[a].offset) / terms[a].weight;
    votes[a].par = static_cast<float>(std::clamp(par, -kParMax, kParMax));
  }
}

}  // namespace pointsman::learners
