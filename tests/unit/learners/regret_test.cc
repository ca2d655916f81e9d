// Learners in seeded synthetic environments, through the same Estimate and Choose that serve.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/choice/choose.h"
#include "learners/state/learned_state.h"
#include "log_builder.h"

namespace pointsman::learners {
namespace {

constexpr uint32_t kDimension = 8;
constexpr uint32_t kArms = 5;
constexpr int kRounds = 1500;

// Expected quality of an arm for a query: a level plus a tilt along the arm's own direction.
struct Environment {
  std::vector<double> levels;
  std::vector<std::vector<float>> directions;
  double tilt = 0;
  double Quality(uint32_t arm, const std::vector<float>& z) const {
    double along = 0;
    for (std::size_t i = 0; i < z.size(); ++i) along += double{z[i]} * double{directions[arm][i]};
    return std::clamp(levels[arm] + tilt * along, 0.0, 1.0);
  }
};

// 0: one arm is best for every query; 1: levels and tilts; 2: arms differ by the query alone.
Environment MakeEnvironment(int kind) {
  Rng rng(100 + static_cast<uint64_t>(kind));
  Environment environment;
  environment.tilt = kind == 0 ? 0 : 0.5;
  for (uint32_t arm = 0; arm < kArms; ++arm) {
    environment.levels.push_back(kind == 2 ? 0.5 : 0.3 + 0.1 * arm);
    environment.directions.push_back(UnitVector(rng, kDimension));
  }
  return environment;
}

// Mean regret per round against the best arm of each query; uniform choice for an empty model.
double MeanRegret(const std::string& model, const std::string& exploration, int kind) {
  const Environment environment = MakeEnvironment(kind);
  Pool pool = TestPool(model.empty() ? "ema" : model, kDimension);
  pool.settings.learner.exploration = exploration;
  auto state = LearnedState::Empty(pool);
  EXPECT_TRUE(state.ok());
  LogBuilder log(pool);
  log.AddArms(kArms);
  EXPECT_TRUE(state->Learn(log.events()).ok());
  Rng rng(static_cast<uint64_t>(kind));
  double regret = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<float> z = UnitVector(rng, kDimension);
    std::vector<ArmView> views(kArms);
    for (uint32_t arm = 0; arm < kArms; ++arm) views[arm].arm = state->arm(ArmId{arm});
    ChoiceRequest request;
    request.draw = rng.Uniform();
    uint32_t arm = static_cast<uint32_t>(request.draw * kArms);
    OutcomeEvent outcome;
    if (!model.empty()) {
      const Choice choice = Choose(pool.settings, request, views, state->Estimate({z, 0}, views));
      arm = Index(choice.chosen[0].arm);
      outcome.propensity = choice.chosen[0].propensity;
    }
    double best = 0;
    for (uint32_t other = 0; other < kArms; ++other) {
      best = std::max(best, environment.Quality(other, z));
    }
    regret += (best - environment.Quality(arm, z)) / kRounds;
    outcome.arm = ArmId{arm};
    outcome.context = z;
    outcome.outcome.quality = rng.Uniform() < environment.Quality(arm, z) ? 1 : 0;
    EXPECT_TRUE(state->Learn({&log.Add(outcome), 1}).ok());
  }
  return regret;
}

TEST(Regret, IsBelowUniformForEveryLearner) {
  for (const int kind : {0, 1}) {
    const double uniform = MeanRegret("", "thompson", kind);
    for (const char* model : {"lin_thompson", "context_free"}) {
      EXPECT_LT(MeanRegret(model, "thompson", kind), 0.6 * uniform) << model << " " << kind;
    }
    for (const char* exploration : {"epsilon_greedy", "squarecb", "softmax"}) {
      EXPECT_LT(MeanRegret("ema", exploration, kind), 0.9 * uniform) << exploration << " " << kind;
    }
  }
}

TEST(Regret, IsBelowThatOfTheContextFreeWhereArmsDifferByQuery) {
  const double uniform = MeanRegret("", "thompson", 2);
  const double blind = MeanRegret("context_free", "thompson", 2);
  const double seeing = MeanRegret("lin_thompson", "thompson", 2);
  EXPECT_LT(blind, uniform);
  EXPECT_LT(seeing, 0.7 * uniform);
  EXPECT_LT(seeing, 0.75 * blind);
}

}  // namespace
}  // namespace pointsman::learners
