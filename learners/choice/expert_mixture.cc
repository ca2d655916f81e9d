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

// Gives `guide.possible_share` of the choices to the arms that may be the best.
void ExplorePossible(const LearnerSettings& settings, const MixtureGuide& guide,
                     std::span<const double> means, std::span<const double> stddevs,
                     std::span<double> pmf) {
  const double best = *std::max_element(means.begin(), means.end());
  const double deviations = guide.possible_deviations * settings.exploration_scale;
  const auto may_be_best = [&](std::size_t a) {
    return means[a] + deviations * stddevs[a] >= best;
  };
  double possible = 0;
  for (std::size_t a = 0; a < pmf.size(); ++a) possible += may_be_best(a) ? 1 : 0;
  for (std::size_t a = 0; a < pmf.size(); ++a) {
    pmf[a] *= 1 - guide.possible_share;
    if (may_be_best(a)) pmf[a] += guide.possible_share / possible;
  }
}

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
                const MixtureGuide& guide, std::span<double> pmf, std::span<ExpertVotes> votes) {
  const std::size_t k = terms.size(), experts = shares.size();
  POINTSMAN_CHECK(opinions.size() == k * experts && pmf.size() == k && votes.size() == k);
  LearnerSettings without_floor = settings;
  without_floor.exploration_floor = 0;
  std::fill(pmf.begin(), pmf.end(), 0.0);
  std::vector<double> means(k), stddevs(k), drawn(k * experts), mixed(k), doubts(k);
  double worth = 0;  // V: the expected utility of the round
  for (std::size_t i = 0; i < experts; ++i) {
    for (std::size_t a = 0; a < k; ++a) {
      const QualityEstimate& opinion = opinions[i * k + a];
      const double mean = terms[a].weight * opinion.mean + terms[a].offset;
      const double quality_stddev = terms[a].weight * opinion.stddev;
      mixed[a] += shares[i] * mean;
      doubts[a] = std::max(doubts[a], std::hypot(quality_stddev, terms[a].stddev));
      means[a] = mean + (guide.bonus.empty() ? 0 : terms[a].weight * guide.bonus[i * k + a]);
      stddevs[a] = std::hypot(guide.width * quality_stddev, terms[a].stddev);
    }
    const std::vector<double> mine = Distribution(without_floor, means, stddevs);
    for (std::size_t a = 0; a < k; ++a) {
      drawn[i * k + a] = mine[a];
      pmf[a] += shares[i] * mine[a];
      worth += shares[i] * mine[a] * (terms[a].weight * opinions[i * k + a].mean + terms[a].offset);
    }
  }
  if (guide.possible_share > 0 && settings.exploration == "thompson") {
    ExplorePossible(settings, guide, mixed, doubts, pmf);
  }
  double sum = 0;
  for (std::size_t a = 0; a < k; ++a) {
    if (!guide.floors.empty()) pmf[a] = std::max(pmf[a], guide.floors[a]);
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
