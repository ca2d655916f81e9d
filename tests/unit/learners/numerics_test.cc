// A million outcomes: a maintained inverse must still be the inverse, what is solved on a schedule must be
// solved, and forgetting must stay finite where nothing is ever learned.
#include <cmath>
#include <string>
#include <vector>

#include "Eigen/Core"
#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/linear/regression_sums.h"
#include "learners/linear/ridge_posterior.h"
#include "learners/quality/quality_model.h"
#include "log_builder.h"

namespace pointsman::learners {
namespace {

// As if the new entry had been there from the start, and 0.
TEST(RegressionSums, MakesRoomForAnEntryAnywhere) {
  Rng rng(11);
  constexpr Eigen::Index kSize = 5;
  for (Eigen::Index at = 0; at <= kSize; ++at) {
    RegressionSums sums(kSize), wide(kSize + 1);
    for (int i = 0; i < 20; ++i) {
      Eigen::VectorXd x(kSize), y = Eigen::VectorXd::Zero(kSize + 1);
      for (double& entry : x) entry = rng.Normal();
      y.head(at) = x.head(at);
      y.tail(kSize - at) = x.tail(kSize - at);
      const double value = rng.Normal(), weight = rng.Uniform();
      sums.Add(x, value, weight);
      wide.Add(y, value, weight);
    }
    sums.Insert(at);
    ByteWriter a, b;
    sums.Encode(a);
    wide.Encode(b);
    EXPECT_EQ(a.bytes(), b.bytes()) << "at " << at;
  }
}

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int kMillion = 1'000'000;

// x = (1, z): z of unit length in any direction; all near one direction; or with its second half 0.
enum class Cloud { kRound, kNarrow, kHalf };

VectorXd Draw(Rng& rng, Index size, Cloud cloud) {
  VectorXd x(size);
  x[0] = 1;
  for (Index i = 1; i < size; ++i) x[i] = rng.Normal();
  if (cloud == Cloud::kNarrow)
    x.tail(size - 1) = VectorXd::Ones(size - 1) + 1e-3 * x.tail(size - 1);
  if (cloud == Cloud::kHalf) x.tail(size / 2).setZero();
  x.tail(size - 1).normalize();
  return x;
}

// Many draws, made once: drawing costs more than learning.
std::vector<VectorXd> Draws(Rng& rng, Index size, Cloud cloud) {
  std::vector<VectorXd> draws;
  for (int i = 0; i < 4001; ++i) draws.push_back(Draw(rng, size, cloud));
  return draws;
}

double OffIdentity(const MatrixXd& a, const MatrixXd& inverse) {
  return (a * inverse - MatrixXd::Identity(a.rows(), a.rows())).cwiseAbs().maxCoeff();
}

// lin_thompson's prior, mixture's, linucb's: precisions of the level and of theta.
TEST(RidgePosterior, KeepsItsInverseOverAMillionUpdates) {
  constexpr Index kSize = 9;
  for (const double precision : {25.0, 1.0}) {
    for (const Cloud cloud : {Cloud::kRound, Cloud::kNarrow, Cloud::kHalf}) {
      Rng rng(1);
      const std::vector<VectorXd> draws = Draws(rng, kSize, cloud);
      VectorXd precisions = VectorXd::Constant(kSize, precision);
      precisions[0] = 1;
      RidgePosterior posterior(precisions, VectorXd::Zero(kSize));
      double worst = 0;
      for (int i = 0; i < kMillion; ++i) {
        posterior.Add(draws[rng.Below(draws.size())], rng.Uniform(), i % 7 == 0 ? 0.3 : 1);
        if (i % 9973 == 0) worst = std::max(worst, posterior.Residual());
      }
      EXPECT_LT(std::max(worst, posterior.Residual()), 1e-8);
    }
  }
}

TEST(RidgePosterior, KeepsItsInverseAtTheDimensionsThatServe) {
  for (const Index size : {65, 129}) {
    Rng rng(2);
    RidgePosterior posterior(VectorXd::Ones(size), VectorXd::Zero(size));
    double worst = 0;
    for (int i = 0; i < 3000; ++i) {
      posterior.Add(Draw(rng, size, Cloud::kNarrow), rng.Uniform(), 1);
      if (i % 256 == 254) worst = std::max(worst, posterior.Residual());
    }
    EXPECT_LT(worst, 1e-8) << size;
  }
}

TEST(RidgePosterior, ForgetsForAMillionUpdatesWithoutLosingWhatIsNeverExcited) {
  constexpr Index kSize = 9;
  Rng rng(3);
  const std::vector<VectorXd> draws = Draws(rng, kSize, Cloud::kHalf);
  const VectorXd precisions = VectorXd::Constant(kSize, 25), mean = VectorXd::Zero(kSize);
  RidgePosterior posterior(precisions, mean);
  const VectorXd quiet = VectorXd::Unit(kSize, kSize - 1);
  double worst = 0;
  for (int i = 0; i < kMillion; ++i) {
    posterior.Add(draws[rng.Below(draws.size())], rng.Uniform(), 1);
    if (i % 32 == 0) posterior.Forget(std::exp(-32.0 / 100), precisions, mean);
    if (i % 9973 == 0) worst = std::max(worst, posterior.Residual());
  }
  EXPECT_LT(worst, 1e-8);
  EXPECT_NEAR(posterior.Variance(quiet), 1.0 / 25, 1e-9);
  EXPECT_NEAR(posterior.Mean(quiet), 0, 1e-9);
}

// The systems that the hybrid solves on its schedule, at its two precisions.
TEST(RegressionSums, AreSolvedAndInvertedAfterAMillionOutcomes) {
  constexpr Index kSize = 10;  // odd without the level: the last pivot is alone
  for (const Cloud cloud : {Cloud::kRound, Cloud::kNarrow, Cloud::kHalf}) {
    Rng rng(4);
    const std::vector<VectorXd> draws = Draws(rng, kSize, cloud);
    RegressionSums sums(kSize);
    double off_identity = 0, off_right = 0;
    for (int i = 0; i < kMillion; ++i) {
      sums.Add(draws[rng.Below(draws.size())], rng.Uniform(), 1);
      if (i % 19'997 != 0 && i + 1 != kMillion) continue;
      for (const double precision : {80.0, 1.25}) {
        MatrixXd a = sums.MomentsWithoutFirst(2);
        a.diagonal().array() += precision;
        MatrixXd inverse = a;
        InvertPositive(inverse);
        ASSERT_EQ(inverse, inverse.transpose());
        off_identity = std::max(off_identity, OffIdentity(a, inverse));
        const VectorXd right = sums.cross().tail(kSize - 1);
        const VectorXd theta = SolvePositive(a, right);
        off_right = std::max(off_right, (a * theta - right).norm() / right.norm());
      }
    }
    EXPECT_LT(off_identity, 1e-8);
    EXPECT_LT(off_right, 1e-8);
  }
}

TEST(RegressionSums, AreSolvedAndInvertedAtAnySize) {
  Rng rng(5);
  for (const Index d : {1, 2, 3, 4, 7, 63, 64, 65, 127, 128}) {
    RegressionSums sums(d + 1);
    MatrixXd full = MatrixXd::Zero(d + 1, d + 1);
    for (Index i = 0; i < d / 2 + 3; ++i) {  // fewer outcomes than directions, as on a young arm
      const VectorXd x = Draw(rng, d + 1, Cloud::kRound);
      sums.Add(x, rng.Uniform(), 0.5);
      full += 0.5 * x * x.transpose();
    }
    full.diagonal().array() += 1.25;
    full(0, 0) += 2 - 1.25;
    MatrixXd a = sums.MomentsWithoutFirst(2);
    a.diagonal().array() += 1.25;
    MatrixXd inverse = a;
    InvertPositive(inverse);
    EXPECT_LT(OffIdentity(a, inverse), 1e-12) << d;
    // The Schur complement's inverse is that block of the whole inverse.
    MatrixXd whole = full;
    InvertPositive(whole);
    EXPECT_LT((inverse - whole.bottomRightCorner(d, d)).cwiseAbs().maxCoeff(), 1e-12) << d;
    const VectorXd right = VectorXd::Ones(d);
    EXPECT_LT((SolvePositive(a, right) - inverse * right).cwiseAbs().maxCoeff(), 1e-12) << d;
  }
}

// Every model with forgetting, with half of the directions never seen: the same answers after a million
// outcomes as after ten thousand, within the weight of 500 outcomes.
TEST(QualityModels, ForgetForAMillionOutcomesAndStayFinite) {
  constexpr uint32_t kDimension = 4;
  for (const char* name : QualityModelNames()) {
    LearnerSettings settings;
    settings.quality_model = name;
    settings.forget_outcomes = 200;
    auto model = MakeQualityModel(settings, kDimension).value();
    const Arm arm = TestArm(0);
    model->BeginEdit();
    model->PutArm(arm);
    Rng rng(6);
    const std::vector<float> quiet = {0, 0, 0.6f, 0.8f};
    const ArmView view{&arm, {}};
    const auto ask = [&] {
      QualityEstimate estimate;
      model->Estimate(quiet, {&view, 1}, {&estimate, 1});
      return estimate;
    };
    QualityEstimate early;
    std::vector<float> z(kDimension, 0.0f);
    for (int i = 0; i < kMillion; ++i) {
      const double angle = 6.283 * rng.Uniform();
      z[0] = static_cast<float>(std::cos(angle)), z[1] = static_cast<float>(std::sin(angle));
      Observation told;
      told.arm = arm.id;
      told.context = z;
      told.quality = rng.Uniform() < 0.6 + 0.2 * std::cos(angle) ? 1 : 0;
      model->Learn(told);
      if (i == 10'000) early = ask();
    }
    const QualityEstimate late = ask();
    EXPECT_GT(late.mean, 0.4) << name;
    EXPECT_LT(late.mean, 1) << name;  // linucb adds 0.3 of the prior's deviation to 0.6
    EXPECT_NEAR(late.mean, early.mean, 0.15) << name;
    EXPECT_NEAR(late.stddev, early.stddev, 0.02) << name;
  }
}

}  // namespace
}  // namespace pointsman::learners
