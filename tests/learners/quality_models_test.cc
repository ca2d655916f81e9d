// The quality models of this folder that need no index, each against an oracle that keeps every
// outcome and starts anew.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "Eigen/Cholesky"
#include "Eigen/Core"
#include "base/rng.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "learners/lin_thompson_posterior.h"
#include "learners/quality_model.h"
#include "log_builder.h"

namespace pointsman {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr uint32_t kDimension = 5;

struct Told {
  std::vector<float> context;
  double quality = 0;
  double weight = 1;
};

std::unique_ptr<QualityModel> Make(const std::string& name, double forget_outcomes = 0) {
  LearnerSettings settings;
  settings.quality_model = name;
  settings.forget_outcomes = forget_outcomes;
  settings.half_life_outcomes = 40;
  auto model = MakeQualityModel(settings, kDimension);
  EXPECT_TRUE(model.ok()) << model.status();
  return std::move(model).value();
}

Told RandomTold(Rng& rng) {
  Told told;
  if (rng.Uniform() < 0.9) told.context = UnitVector(rng, kDimension);
  const double tilt = told.context.empty() ? 0 : double{told.context[0]};
  told.quality = rng.Uniform() < 0.6 + 0.3 * tilt ? 1 : 0;
  told.weight = rng.Uniform() < 0.2 ? 0.3 : 1;
  return told;
}

void Teach(QualityModel& model, ArmId arm, const Told& told) {
  Observation observation;
  observation.arm = arm;
  observation.context = told.context;
  observation.quality = told.quality;
  observation.weight = told.weight;
  model.Learn(observation);
}

QualityEstimate EstimateOf(const QualityModel& model, const Arm& arm,
                           std::span<const float> context) {
  ArmView view;
  view.arm = &arm;
  QualityEstimate estimate;
  model.Estimate(context, {&view, 1}, {&estimate, 1});
  return estimate;
}

VectorXd WithLevel(const std::vector<float>& context) {
  VectorXd x = VectorXd::Zero(kDimension + 1);
  x[0] = 1;
  for (std::size_t i = 0; i < context.size(); ++i) {
    x[static_cast<Eigen::Index>(i) + 1] = double{context[i]};
  }
  return x;
}

// Ridge regression from all outcomes at once. The first 20 teach the level alone; evidence i is
// kept by kept[i].
struct SlowRidge {
  MatrixXd precision = MatrixXd::Zero(kDimension + 1, kDimension + 1);
  VectorXd b = VectorXd::Zero(kDimension + 1);
  SlowRidge(const std::vector<Told>& told, double prior_mean, double prior_strength,
            const std::vector<double>& kept) {
    precision.diagonal().setConstant(1 / (0.2 * 0.2));
    precision(0, 0) = prior_strength;
    b[0] = prior_strength * prior_mean;
    for (std::size_t i = 0; i < told.size(); ++i) {
      const VectorXd x = WithLevel(i < 20 ? std::vector<float>{} : told[i].context);
      precision += kept[i] * told[i].weight * x * x.transpose();
      b += kept[i] * told[i].weight * told[i].quality * x;
    }
  }
  QualityEstimate At(const VectorXd& x) const {
    const auto factor = precision.llt();
    return {factor.solve(b).dot(x), 0.35 * std::sqrt(x.dot(factor.solve(x)))};
  }
};

void ExpectNear(const QualityEstimate& a, const QualityEstimate& b, const std::string& where) {
  EXPECT_NEAR(a.mean, b.mean, 1e-10) << where;
  EXPECT_NEAR(a.stddev, b.stddev, 1e-10) << where;
}

TEST(LinThompson, EqualsTheRidgeRegressionOfAllItWasTold) {
  Rng rng(1);
  for (const bool has_prior : {false, true}) {
    auto model = Make("lin_thompson");
    Arm arm = TestArm(3);
    if (has_prior) arm.prior_quality = 0.9, arm.prior_strength = 12;
    model->BeginEdit();
    model->PutArm(arm);
    std::vector<Told> told;
    for (int i = 0; i < 800; ++i) {
      told.push_back(RandomTold(rng));
      Teach(*model, arm.id, told.back());
      if (i % 97 != 0 && i != 18 && i != 19 && i != 20) continue;
      const SlowRidge slow(told, has_prior ? 0.9 : 0.5, has_prior ? 12 : 1,
                           std::vector<double>(told.size(), 1));
      const std::vector<float> query = UnitVector(rng, kDimension);
      const std::string where = "after " + std::to_string(i + 1);
      ExpectNear(EstimateOf(*model, arm, query), slow.At(WithLevel(query)), where);
      ExpectNear(EstimateOf(*model, arm, {}), slow.At(WithLevel({})), where);
      ExpectNear(model->Level(arm.id), slow.At(WithLevel({})), where);
    }
  }
}

TEST(LinThompson, ForgetsTowardsThePriorInBlocks) {
  // While it has a level alone: each outcome keeps exp(-w / 50) of what was before. Afterwards: a
  // block of 32 outcomes is followed by keeping exp(-(its weight) / 50).
  Rng rng(2);
  auto model = Make("lin_thompson", 50);
  const Arm arm = TestArm(0);
  model->BeginEdit();
  model->PutArm(arm);
  std::vector<Told> told;
  std::vector<double> kept;
  double block = 0;
  for (int i = 0; i < 500; ++i) {
    const Told next = RandomTold(rng);
    double keep = 1;
    if (i < 20) keep = std::exp(-next.weight / 50);
    if (i >= 52 && (i - 20) % 32 == 0) keep = std::exp(-block / 50), block = 0;
    if (i >= 20) block += next.weight;
    for (double& k : kept) k *= keep;
    told.push_back(next);
    kept.push_back(1);
    Teach(*model, arm.id, next);
  }

  const std::vector<float> query = UnitVector(rng, kDimension);

  const SlowRidge slow(told, 0.5, 1, kept);
  ExpectNear(EstimateOf(*model, arm, query), slow.At(WithLevel(query)), "");
}

TEST(LinThompson, OwnsAtMost2000Posteriors) {
  auto model = Make("lin_thompson");
  model->BeginEdit();
  Rng rng(3);
  const auto size_after = [&](uint32_t arm) {
    model->PutArm(TestArm(arm));
    for (int i = 0; i < 25; ++i) Teach(*model, ArmId{arm}, RandomTold(rng));
    ByteWriter out;
    model->Encode(out);
    return out.bytes().size();
  };
  for (uint32_t arm = 0; arm < 1998; ++arm) {
    model->PutArm(TestArm(arm));
    for (int i = 0; i < 20; ++i) Teach(*model, ArmId{arm}, RandomTold(rng));
  }
  const std::size_t before = size_after(1998), last = size_after(1999), beyond = size_after(2000);

  EXPECT_GT(last - before, 300u);  // 2 triangles of 6 x 6 and more
  EXPECT_LT(beyond - last, 100u);  // a level
  EXPECT_LT(EstimateOf(*model, TestArm(2000), UnitVector(rng, kDimension)).stddev, 0.35);
}

TEST(RidgePosterior, KeepsItsInverseOverManyUpdates) {
  Rng rng(4);
  for (const bool is_forgetting : {false, true}) {
    const Eigen::Index n = 17;
    const VectorXd precision = VectorXd::Constant(n, 25), mean = VectorXd::Zero(n);
    RidgePosterior posterior(precision, mean);
    for (int i = 0; i < 100'000; ++i) {
      VectorXd x = VectorXd::Zero(n);
      // Half of the directions are never excited.
      for (Eigen::Index j = 0; j < n / 2; ++j) x[j] = rng.Normal();
      posterior.Add(x, rng.Uniform(), 1);
      if (is_forgetting && i % 32 == 0) posterior.Forget(0.9, precision, mean);
    }
    EXPECT_LT(posterior.Residual(), 1e-8);
    VectorXd quiet = VectorXd::Zero(n);
    quiet[n - 1] = 1;
    EXPECT_NEAR(posterior.Variance(quiet), 1.0 / 25, 1e-9);
  }
}

TEST(ContextFree, IsTheGaussianPosteriorOfALevel) {
  Rng rng(5);
  for (const double forget : {0.0, 30.0}) {
    auto model = Make("context_free", forget);
    Arm arm = TestArm(1);
    arm.prior_quality = 0.3;
    arm.prior_strength = 4;
    model->BeginEdit();
    model->PutArm(arm);
    std::vector<Told> told;
    std::vector<double> kept;
    for (int i = 0; i < 200; ++i) {
      told.push_back(RandomTold(rng));
      for (double& k : kept) k *= forget > 0 ? std::exp(-told.back().weight / forget) : 1;
      kept.push_back(1);
      Teach(*model, arm.id, told.back());
    }

    double weight = 4, sum = 4 * 0.3;
    for (std::size_t i = 0; i < told.size(); ++i) {
      weight += kept[i] * told[i].weight;
      sum += kept[i] * told[i].weight * told[i].quality;
    }
    const QualityEstimate expected{sum / weight, 0.4 / std::sqrt(weight)};
    ExpectNear(EstimateOf(*model, arm, UnitVector(rng, kDimension)), expected, "");
    ExpectNear(model->Level(arm.id), expected, "");
  }
}

TEST(Ema, IsADecayedMeanWithoutDoubt) {
  Rng rng(6);
  auto model = Make("ema");
  const Arm arm = TestArm(0);
  model->BeginEdit();
  model->PutArm(arm);
  double weight = 0, sum = 0;
  for (int i = 0; i < 300; ++i) {
    const Told told = RandomTold(rng);
    const double kept = std::exp2(-told.weight / 40);
    weight = weight * kept + told.weight;
    sum = sum * kept + told.weight * told.quality;
    Teach(*model, arm.id, told);
  }
  ExpectNear(model->Level(arm.id), {(0.5 + sum) / (1 + weight), 0}, "");
}

TEST(QualityModels, LeaveTheirCloneAloneAndReadBackWhatTheyWrite) {
  for (const char* name : QualityModelNames()) {
    auto model = Make(name, 100);
    Rng rng(7);
    model->BeginEdit();
    for (uint32_t arm = 0; arm < 3; ++arm) model->PutArm(TestArm(arm));
    for (int i = 0; i < 200; ++i) {
      Teach(*model, ArmId{static_cast<uint32_t>(rng.Below(3))}, RandomTold(rng));
    }
    model->EndEdit();
    ByteWriter before;
    model->Encode(before);

    auto clone = model->Clone();
    clone->BeginEdit();
    Teach(*clone, ArmId{1}, RandomTold(rng));
    clone->EndEdit();

    ByteWriter after, changed;
    model->Encode(after);
    clone->Encode(changed);
    EXPECT_EQ(before.bytes(), after.bytes()) << name;
    EXPECT_NE(before.bytes(), changed.bytes()) << name;
    LearnerSettings settings;
    settings.quality_model = name;
    ByteReader in(before.bytes());
    auto decoded = DecodeQualityModel(settings, kDimension, in);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(in.AtEnd());
    ByteWriter again;
    (*decoded)->Encode(again);
    EXPECT_EQ(again.bytes(), before.bytes()) << name;
  }
}

TEST(QualityModels, AreListedInTheErrorOfAnUnknownName) {
  LearnerSettings settings;
  settings.quality_model = "oracle";
  const absl::Status status = MakeQualityModel(settings, kDimension).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* name : QualityModelNames()) {
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(name));
  }
}

}  // namespace
}  // namespace pointsman
