// Votes on outcomes that are all known: learners/choice/expert_mixture.h and VotesOnKnown.
#include <array>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/choice/choose.h"
#include "learners/choice/expert_mixture.h"
#include "log_builder.h"

namespace pointsman::learners {
namespace {

constexpr uint32_t kDimension = 6;
constexpr double kForever = 1e15;

// A query for which every arm's outcome is known, and the distributions of two experts.
struct KnownQuery {
  std::array<std::vector<double>, 2> drawn;  // by expert, by arm; each sums to 1
  std::vector<double> utility_weight;        // u_a
  std::vector<double> offset;                // c_a
  std::vector<double> quality;
  double worth = 0;  // V
};

KnownQuery RandomQuery(Rng& rng, std::size_t arms) {
  KnownQuery query;
  for (auto& drawn : query.drawn) {
    for (std::size_t a = 0; a < arms; ++a) drawn.push_back(rng.Uniform() + 1e-3);
    const double sum = std::accumulate(drawn.begin(), drawn.end(), 0.0);
    for (double& p : drawn) p /= sum;
  }
  for (std::size_t a = 0; a < arms; ++a) {
    query.utility_weight.push_back(0.3 + 0.7 * rng.Uniform());
    query.offset.push_back(-0.5 * rng.Uniform());
    query.quality.push_back(rng.Uniform());
  }
  query.worth = rng.Uniform() - 0.5;
  return query;
}

Observation Observed(const KnownQuery& query, std::size_t arm, double weight) {
  Observation observation;
  observation.quality = query.quality[arm];
  observation.weight = weight;
  observation.is_imported = true;
  ExpertVotes& votes = observation.features.votes;
  const double u = query.utility_weight[arm];
  for (std::size_t i = 0; i < 2; ++i) {
    votes.ratio[i] = static_cast<float>(u * query.drawn[i][arm]);
  }
  votes.par = static_cast<float>((query.worth - query.offset[arm]) / u);
  return observation;
}

double LogRatio(const MixtureWeights& weights) {
  const auto shares = weights.Shares();
  return std::log(shares[0] / shares[1]);
}

TEST(ImportedVotes, MoveSharesByWhatEachExpertsChoiceWouldHaveEarned) {
  constexpr double kRate = 0.05;
  for (const double weight : {1.0, 0.1, 3.0}) {
    Rng rng(5);
    MixtureWeights weights({2, kRate, kForever, 0});
    double expected = 0;
    for (int q = 0; q < 40; ++q) {
      const KnownQuery query = RandomQuery(rng, 1 + q % 9);
      for (std::size_t a = 0; a < query.quality.size(); ++a) {
        weights.Learn(Observed(query, a, weight));
        const double utility = query.utility_weight[a] * query.quality[a] + query.offset[a];
        expected +=
            kRate * weight * (query.drawn[0][a] - query.drawn[1][a]) * (utility - query.worth);
      }
      ASSERT_NEAR(LogRatio(weights), expected, 1e-5) << "weight " << weight << ", query " << q;
    }
    EXPECT_GT(std::abs(expected), 1e-4);
  }
}

TEST(ImportedVotes, OfOneQueryForgetAsOneOutcomeDoesHoweverManyArmsItHas) {
  constexpr double kMemory = 50;
  for (const std::size_t arms : {2, 30}) {
    for (const double weight : {1.0, 0.25}) {
      MixtureWeights weights({2, 1, kMemory, 0});
      Observation first;
      first.features.votes.ratio = {3, 1, 0};
      first.quality = 1;
      weights.Learn(first);
      const double before = LogRatio(weights);
      ASSERT_NEAR(before, 2, 1e-6);

      // Every quality is at par, so no expert gains or loses.
      Rng rng(6);
      KnownQuery query = RandomQuery(rng, arms);
      for (std::size_t a = 0; a < arms; ++a) {
        query.utility_weight[a] = 1;
        query.quality[a] = query.worth - query.offset[a];
        weights.Learn(Observed(query, a, weight));
      }

      EXPECT_NEAR(LogRatio(weights) / before, 1 - weight / kMemory, 2e-4) << arms << " arms";
    }
  }
}

LearnedState RandomState(const std::string& model) {
  Pool pool = TestPool(model, kDimension);
  pool.settings.learner.exploration_floor = 0;
  LogBuilder log(pool);
  log.AddArms(5);
  Rng rng(7);
  for (int i = 0; i < 300; ++i) {
    log.AddRandomOutcome(rng, 5);
    std::get<OutcomeEvent>(const_cast<Event&>(log.events().back()).body).outcome.error.reset();
  }
  auto state = LearnedState::Empty(pool);
  EXPECT_TRUE(state.ok());
  EXPECT_TRUE(state->Learn(log.events()).ok());
  return *std::move(state);
}

struct Scene {
  std::vector<float> context;
  std::vector<ArmView> views;
  std::vector<ArmExpectation> expected;
  QueryView query;
};

Scene SceneOf(const LearnedState& state, std::size_t arms) {
  Scene scene;
  Rng rng(8);
  scene.context = UnitVector(rng, kDimension);
  scene.query = {scene.context, 100};
  for (std::size_t a = 0; a < arms; ++a) {
    scene.views.push_back({state.arm(ArmId{static_cast<uint32_t>(a)}), {}});
  }
  scene.expected = state.Estimate(scene.query, scene.views);
  return scene;
}

TEST(VotesOnKnown, AreEachExpertsOwnDistributionOverTheKnownArms) {
  const LearnedState state = RandomState("hybrid");
  for (const std::size_t arms : {2, 5}) {
    const Scene scene = SceneOf(state, arms);
    const Preference preference{1, 0, 0};
    std::vector<double> pmf(arms);
    std::vector<ExpertVotes> drawn(arms);
    ASSERT_TRUE(
        state.ChooseDirectly(scene.query, preference, scene.views, scene.expected, pmf, drawn));

    const auto votes = VotesOnKnown(state, scene.query, preference, scene.views, scene.expected);

    std::array<double, 3> sums{};
    for (std::size_t a = 0; a < arms; ++a) {
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_GE(votes[a].ratio[i], 0);
        sums[i] += double{votes[a].ratio[i]};
      }
      // Nobody has voted yet, so both experts have half of the mixture. A hundredth is spread over arms that may
      // be the best, by no expert's vote.
      const double mixed = 0.5 * double{votes[a].ratio[0]} + 0.5 * double{votes[a].ratio[1]};
      EXPECT_GE(pmf[a], 0.99 * mixed - 1e-6);
      EXPECT_LE(pmf[a], 0.99 * mixed + 0.01 + 1e-6);
      EXPECT_EQ(votes[a].par, drawn[a].par);
    }
    EXPECT_NEAR(sums[0], 1, 1e-5);
    EXPECT_NEAR(sums[1], 1, 1e-5);
    EXPECT_EQ(sums[2], 0);
  }
}

TEST(VotesOnKnown, AreNoneOnASingleArmAndNoneWithoutExperts) {
  const LearnedState hybrid = RandomState("hybrid");
  const Scene one = SceneOf(hybrid, 1);
  EXPECT_EQ(VotesOnKnown(hybrid, one.query, {1, 0, 0}, one.views, one.expected)[0], ExpertVotes{});
  const LearnedState level = RandomState("context_free");
  const Scene all = SceneOf(level, 5);
  for (const ExpertVotes& votes :
       VotesOnKnown(level, all.query, {1, 0, 0}, all.views, all.expected)) {
    EXPECT_EQ(votes, ExpertVotes{});
  }
}

TEST(LearnedState, CountsTheVotesOfDrawnAndImportedOutcomesAlone) {
  const auto learn = [](Selection selection, const ExpertVotes& votes) {
    LogBuilder log(TestPool("hybrid", kDimension));
    log.AddArms(2);
    OutcomeEvent event;
    event.arm = ArmId{1};
    event.selection = selection;
    event.context = std::vector<float>(kDimension, 0.1f);
    event.outcome.quality = 1;
    event.features.votes = votes;
    log.Add(event);
    auto state = LearnedState::Empty(log.pool());
    EXPECT_TRUE(state->Learn(log.events()).ok());
    return state->Encode();
  };
  const ExpertVotes votes{{0.2f, 0.9f, 0}, 0.4f};
  EXPECT_NE(learn(Selection::kExplore, votes), learn(Selection::kExplore, {}));
  EXPECT_NE(learn(Selection::kImported, votes), learn(Selection::kImported, {}));
  EXPECT_EQ(learn(Selection::kFallback, votes), learn(Selection::kFallback, {}));
  EXPECT_EQ(learn(Selection::kPanel, votes), learn(Selection::kPanel, {}));
}

TEST(Priors, CountAsSoManyOutcomesInEveryModel) {
  for (const char* model : QualityModelNames()) {
    Pool pool = TestPool(model, kDimension);
    pool.settings.learner.forget_outcomes = 0;
    LogBuilder log(pool);
    Arm arm = TestArm(0);
    arm.prior_quality = 0.9;
    arm.prior_strength = 50;
    log.Add(ArmEvent{arm});
    log.Add(ArmEvent{TestArm(1)});
    auto state = LearnedState::Empty(log.pool());
    ASSERT_TRUE(state->Learn(log.events()).ok());
    EXPECT_NEAR(state->Figures(ArmId{0}, log.time()).level.mean, 0.9, 1e-9) << model;
    EXPECT_NEAR(state->Figures(ArmId{1}, log.time()).level.mean, 0.5, 1e-9) << model;

    const std::size_t told = log.events().size();
    for (int i = 0; i < 10; ++i) {  // without a vector: they teach the level alone
      OutcomeEvent event;
      event.outcome.quality = 0;
      log.Add(event);
    }
    ASSERT_TRUE(state->Learn(std::span(log.events()).subspan(told)).ok());
    // ema forgets: 0.9 * 50 stays, and ten outcomes of 0 weigh a little less than ten.
    const double tolerance = std::string(model) == "ema" ? 0.01 : 1e-9;
    EXPECT_NEAR(state->Figures(ArmId{0}, log.time()).level.mean, 0.9 * 50 / 60, tolerance) << model;
  }
}

}  // namespace
}  // namespace pointsman::learners
