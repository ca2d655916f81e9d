// The mixture of experts' choices, its votes, and the shares that follow from them.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/choice/expert_mixture.h"
#include "learners/choice/exploration.h"

namespace pointsman::learners {
namespace {

struct Round {
  std::vector<QualityEstimate> opinions;  // [expert * k + arm]
  std::vector<UtilityTerm> terms;
  std::vector<double> pmf;
  std::vector<ExpertVotes> votes;
};

Round RandomRound(Rng& rng, std::size_t experts, std::size_t k) {
  Round round;
  round.opinions.resize(experts * k);
  for (QualityEstimate& o : round.opinions) o = {rng.Uniform(), 0.02 + 0.3 * rng.Uniform()};
  round.terms.resize(k);
  for (UtilityTerm& t : round.terms) t = {0.2 + 0.8 * rng.Uniform(), -0.5 * rng.Uniform()};
  round.pmf.resize(k);
  round.votes.resize(k);
  return round;
}

void Mix(const LearnerSettings& settings, std::span<const double> shares, Round& round,
         std::span<const double> floors = {}) {
  MixChoices(settings, shares, round.opinions, round.terms, {.floors = floors}, round.pmf,
             round.votes);
}

TEST(MixChoices, SumsToOneAboveEveryFloor) {
  Rng rng(1);
  LearnerSettings settings;
  settings.exploration_floor = 0.01;
  const std::vector<double> shares = {0.6, 0.38, 0.02};
  for (const std::size_t k : {1, 2, 9, 1000, 10'000}) {
    for (const double scale : {0.0, 1e-300, 1e-3, 1.0, 1e300}) {
      Round round = RandomRound(rng, 3, k);
      for (QualityEstimate& o : round.opinions) o.mean *= scale, o.stddev *= scale;
      std::vector<double> floors(k, 0.0);
      floors[0] = 0.02;

      Mix(settings, shares, round, floors);

      ASSERT_NEAR(std::accumulate(round.pmf.begin(), round.pmf.end(), 0.0), 1, 1e-12) << k;
      const double least = *std::min_element(round.pmf.begin(), round.pmf.end());
      ASSERT_GE(least, (k > 1 ? 0.01 : 1) / static_cast<double>(k));
      ASSERT_GE(round.pmf[0], 0.02 * 0.97) << "the two floors share what they take";
    }
  }
}

TEST(MixChoices, FollowsThePermutationOfItsCandidates) {
  Rng rng(2);
  const LearnerSettings settings;
  const std::vector<double> shares = {0.7, 0.3};
  constexpr std::size_t kArms = 11;
  Round round = RandomRound(rng, 2, kArms);
  Round turned = round;
  std::vector<double> floors(kArms, 0.0), turned_floors(kArms, 0.0);
  floors[3] = 0.02;
  turned_floors[(3 + 4) % kArms] = 0.02;
  for (std::size_t a = 0; a < kArms; ++a) {
    const std::size_t to = (a + 4) % kArms;
    turned.terms[to] = round.terms[a];
    for (std::size_t e = 0; e < 2; ++e) {
      turned.opinions[e * kArms + to] = round.opinions[e * kArms + a];
    }
  }

  Mix(settings, shares, round, floors);
  Mix(settings, shares, turned, turned_floors);

  for (std::size_t a = 0; a < kArms; ++a) {
    EXPECT_NEAR(turned.pmf[(a + 4) % kArms], round.pmf[a], 1e-12);
    EXPECT_NEAR(turned.votes[(a + 4) % kArms].par, round.votes[a].par, 1e-6);
  }
}

// Drawing an arm and paying each expert its vote times what the quality lies above par is, on
// average over the draw, paying it what its own choice would have earned above par: EXP4 without
// bias, whatever preference the round had.
TEST(MixChoices, PaysEveryExpertOnAverageWhatItsOwnChoiceEarns) {
  Rng rng(3);
  LearnerSettings settings;
  settings.exploration_floor = 0.05;
  for (int n = 0; n < 200; ++n) {
    constexpr std::size_t kArms = 5, kExperts = 3;
    const std::vector<double> shares = {0.3, 0.4, 0.3};
    Round round = RandomRound(rng, kExperts, kArms);
    std::vector<double> quality(kArms);
    for (double& q : quality) q = rng.Uniform();
    Mix(settings, shares, round);

    double worth = 0;  // what the mixture itself expected, floor apart
    std::vector<std::vector<double>> drawn;
    settings.exploration_floor = 0;
    for (std::size_t e = 0; e < kExperts; ++e) {
      std::vector<double> means(kArms), stddevs(kArms);
      for (std::size_t a = 0; a < kArms; ++a) {
        const QualityEstimate& o = round.opinions[e * kArms + a];
        means[a] = round.terms[a].weight * o.mean + round.terms[a].offset;
        stddevs[a] = round.terms[a].weight * o.stddev;
      }
      drawn.push_back(Distribution(settings, means, stddevs));
      for (std::size_t a = 0; a < kArms; ++a) worth += shares[e] * drawn[e][a] * means[a];
    }
    settings.exploration_floor = 0.05;
    for (std::size_t e = 0; e < kExperts; ++e) {
      double paid = 0, earned = 0;
      for (std::size_t a = 0; a < kArms; ++a) {
        const ExpertVotes& votes = round.votes[a];
        paid += round.pmf[a] * double{votes.ratio[e]} * (quality[a] - double{votes.par});
        earned += drawn[e][a] * (round.terms[a].weight * quality[a] + round.terms[a].offset);
      }
      ASSERT_NEAR(paid, earned - worth, 1e-5) << "round " << n << ", expert " << e;
    }
  }
}

Observation Voted(float first, float second, double quality) {
  Observation told;
  told.features.votes = {{first, second, 0}, 0.5f};
  told.quality = quality;
  return told;
}

TEST(MixtureWeights, GoToTheExpertWhoseChoicesEarnAndComeBackWhenTheTablesTurn) {
  const MixtureRule rule{2, 0.05, 1000, 0.04};
  MixtureWeights weights(rule);
  EXPECT_NEAR(weights.Shares()[0], 0.5, 1e-12);
  Rng rng(4);
  for (int i = 0; i < 2000; ++i) {
    // The first expert's arm is good 60% of the time, the second's 40%.
    const bool is_first = rng.Uniform() < 0.5;
    weights.Learn(
        Voted(is_first ? 2 : 0, is_first ? 0 : 2, rng.Uniform() < (is_first ? 0.6 : 0.4)));
  }
  EXPECT_GT(weights.Shares()[0], 0.95);
  EXPECT_LT(weights.Shares()[0], 0.98 + 1e-12) << "the floor is 0.04 / 2 each";
  for (int i = 0; i < 4000; ++i) {
    const bool is_first = rng.Uniform() < 0.5;
    weights.Learn(
        Voted(is_first ? 2 : 0, is_first ? 0 : 2, rng.Uniform() < (is_first ? 0.4 : 0.6)));
  }
  EXPECT_LT(weights.Shares()[0], 0.05);
}

TEST(MixtureWeights, StaySoundUnderAMillionOutcomesThatAllSayTheSame) {
  MixtureWeights weights({3, 0.05, 1e12, 0.03});
  for (int i = 0; i < 1'000'000; ++i) weights.Learn(Voted(20, 0, 1));
  const auto shares = weights.Shares();
  EXPECT_NEAR(shares[0] + shares[1] + shares[2], 1, 1e-12);
  EXPECT_NEAR(shares[0], 0.98, 1e-9);
  ByteWriter out;
  weights.Encode(out);
  ByteReader in(out.bytes());
  MixtureWeights again({3, 0.05, 1e12, 0.03});
  again.Decode(in);
  EXPECT_TRUE(in.AtEnd());
  EXPECT_EQ(again.Shares(), shares);
}

TEST(MixtureWeights, LearnNothingFromWhatNoExpertVotedOn) {
  MixtureWeights weights(MixtureRule{});
  Observation off_policy = Voted(2, 0, 1), correction = Voted(2, 0, 1), silent = Voted(0, 0, 1);
  off_policy.is_off_policy = true;
  correction.is_correction = true;
  silent.features.votes = {};
  for (const Observation& told : {off_policy, correction, silent}) weights.Learn(told);
  EXPECT_EQ(weights.Shares()[0], 0.5);
}

}  // namespace
}  // namespace pointsman::learners
