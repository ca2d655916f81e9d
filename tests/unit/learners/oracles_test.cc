// Every quality model against a slow and obvious one that keeps everything it learned.
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "hybrid_oracle.h"
#include "learners/quality/neighbour_evidence.h"
#include "level_oracle.h"
#include "model_script.h"
#include "ridge_oracle.h"

namespace pointsman {
namespace {

LearnerSettings Settings(const std::string& model, double forget_outcomes) {
  LearnerSettings settings;
  settings.quality_model = model;
  settings.forget_outcomes = forget_outcomes;
  settings.half_life_outcomes = 60;
  return settings;
}

TEST(ContextFree, AgreesWithASumOverAllItWasTold) {
  for (const double forget : {0.0, 80.0}) {
    SlowLevels oracle(forget, 0.4);
    ExpectAgrees(Settings("context_free", forget), {.seed = 1}, oracle);
  }
}

TEST(Ema, AgreesWithASumOverAllItWasTold) {
  SlowLevels oracle(60 / std::log(2.0), 0);
  ExpectAgrees(Settings("ema", 0), {.seed = 2}, oracle);
}

TEST(Knn, AgreesWithASumOverAllItWasTold) {
  for (const double forget : {0.0, 80.0}) {
    SlowKnn oracle(forget);
    ExpectAgrees(Settings("knn", forget), {.seed = 3}, oracle);
  }
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

TEST(LinUcb, AgreesWithDenseRegressionsOfAllItWasTold) {
  for (const double forget : {0.0, 80.0}) {
    SlowLinUcb oracle(4, forget);
    ExpectAgrees(Settings("linucb", forget), {.seed = 4}, oracle);
  }
}

TEST(LinThompson, AgreesWithDenseRegressionsOfAllItWasTold) {
  for (const double forget : {0.0, 80.0}) {
    SlowLinThompson oracle(4, forget);
    ExpectAgrees(Settings("lin_thompson", forget), {.seed = 5}, oracle);
  }
}

TEST(Mixture, AgreesWithDenseRegressionsAndSharesOfAllItWasTold) {
  for (const double forget : {0.0, 80.0}) {
    SlowMixture oracle(4, forget);
    ExpectAgrees(Settings("mixture", forget), {.seed = 6}, oracle);
  }
}

TEST(Hybrid, AgreesWithDenseEquationsOfAllItWasTold) {
  for (const double forget : {0.0, 150.0}) {
    for (const uint64_t seed : {7, 8}) {
      SlowHybrid oracle(4, forget);
      ExpectAgrees(Settings("hybrid", forget), {.seed = seed}, oracle);
      EXPECT_GT(oracle.alarms(), 0) << "nothing was seen of the detector";
    }
  }
}

TEST(Hybrid, AgreesWithDenseEquationsWhenMoreArmsAreThereThanSpeakOfDifficulty) {
  SlowHybrid oracle(2, 0);
  ExpectAgrees(Settings("hybrid", 0),
               {.seed = 9, .rounds = 1500, .arms = 90, .dimension = 2, .ask_every = 101}, oracle);
}

}  // namespace
}  // namespace pointsman
