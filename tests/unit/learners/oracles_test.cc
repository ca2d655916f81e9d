// Every quality model against a slow and obvious one that keeps everything it learned.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hybrid_oracle.h"
#include "learners/quality/neighbour_evidence.h"
#include "level_oracle.h"
#include "model_script.h"
#include "ridge_oracle.h"

namespace pointsman::learners {
namespace {

LearnerSettings Settings(const std::string& model, double forget_outcomes) {
  LearnerSettings settings;
  settings.quality_model = model;
  settings.forget_outcomes = forget_outcomes;
  settings.half_life_outcomes = 60;
  return settings;
}

constexpr uint32_t kDimension = 4;

// How a model is compared: the oracle, and the lives that it is compared in.
struct Comparison {
  const char* model;
  std::unique_ptr<SlowModel> (*oracle)(double forget_outcomes);
  std::vector<double> forgets;
  std::vector<uint64_t> seeds;
};

template <class Oracle>
std::unique_ptr<SlowModel> Slow(double forget) {
  return std::make_unique<Oracle>(kDimension, forget);
}

// One for each model.
const Comparison kComparisons[] = {
    {"context_free",
     [](double forget) -> std::unique_ptr<SlowModel> {
       return std::make_unique<SlowLevels>(forget, 0.4);
     },
     {0, 80},
     {1}},
    {"ema",
     [](double) -> std::unique_ptr<SlowModel> {
       return std::make_unique<SlowLevels>(60 / std::log(2.0), 0);
     },
     {0},
     {2}},
    {"knn",
     [](double forget) -> std::unique_ptr<SlowModel> { return std::make_unique<SlowKnn>(forget); },
     {0, 80},
     {3}},
    {"linucb", Slow<SlowLinUcb>, {0, 80}, {4}},
    {"lin_thompson", Slow<SlowLinThompson>, {0, 80}, {5}},
    {"mixture", Slow<SlowMixture>, {0, 80}, {6}},
    {"hybrid", Slow<SlowHybrid>, {0, 150}, {7, 8, 9}},
    {"hybrid_steady",
     [](double forget) -> std::unique_ptr<SlowModel> {
       HybridTuning tuning;
       tuning.detects_drift = false;
       return std::make_unique<SlowHybrid>(kDimension, forget, tuning);
     },
     {0, 150},
     {7}},
};

TEST(QualityModels, AgreeWithSlowOnesThatKeepAllTheyWereTold) {
  int alarms = 0;
  for (const std::string model : QualityModelNames()) {
    const auto* row = std::find_if(std::begin(kComparisons), std::end(kComparisons),
                                   [&](const Comparison& c) { return c.model == model; });
    ASSERT_NE(row, std::end(kComparisons)) << model << " has no oracle: write one";
    for (const double forget : row->forgets) {
      for (const uint64_t seed : row->seeds) {
        SCOPED_TRACE(model + ", seed " + std::to_string(seed));
        const std::unique_ptr<SlowModel> oracle = row->oracle(forget);
        ExpectAgrees(Settings(model, forget), {.seed = seed}, *oracle);
        if (model == "hybrid") alarms += dynamic_cast<SlowHybrid&>(*oracle).alarms();
      }
    }
  }
  EXPECT_GT(alarms, 0) << "nothing was seen of the detector";
}

TEST(Knn, IsTheKernelsMeanOfTheNeighboursAndOfTwoMoreAtTheArmsLevel) {
  // The neighbours one by one: exp(-(1 - similarity) / 0.25) times each one's weight. The features
  // between are floats.
  LearnerSettings settings = Settings("knn", 0);
  auto model = MakeQualityModel(settings, 1).value();
  const Arm arm = TestArm(2);
  model->BeginEdit();
  model->PutArm(arm);
  Rng rng(33);
  for (int round = 0; round < 300; ++round) {
    Observation told;
    told.arm = arm.id;
    told.quality = rng.Uniform();
    model->Learn(told);
    std::vector<Neighbour> neighbours(rng.Below(40));
    double weight = 2, sum = 2 * model->Level(arm.id).mean;
    for (Neighbour& n : neighbours) {
      n = {rng.Next() % 1000, ArmId{static_cast<uint32_t>(rng.Below(4))},
           static_cast<float>(rng.Uniform()), static_cast<float>(rng.Uniform()),
           static_cast<float>(2 * rng.Uniform() - 1)};
      if (n.arm != arm.id) continue;
      const double w = double{n.weight} * std::exp((double{n.similarity} - 1) / 0.25);
      weight += w;
      sum += w * double{n.quality};
    }
    const ArmView view{&arm, NeighbourEvidence(neighbours, {{arm.id}})[0]};
    QualityEstimate estimate;
    model->Estimate({}, {&view, 1}, {&estimate, 1});
    ASSERT_NEAR(estimate.mean, sum / weight, 1e-6) << round;
  }
}

TEST(Hybrid, AgreesWithDenseEquationsWhenMoreArmsAreThereThanSpeakOfDifficulty) {
  SlowHybrid oracle(2, 0);
  ExpectAgrees(Settings("hybrid", 0),
               {.seed = 9, .rounds = 1500, .arms = 90, .dimension = 2, .ask_every = 101}, oracle);
}

}  // namespace
}  // namespace pointsman::learners
