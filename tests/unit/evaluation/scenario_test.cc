#include "evaluation/replay/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "seeded_world.h"

namespace pointsman::evaluation {
namespace {

using ::testing::HasSubstr;

std::map<std::string, double> Named(const absl::StatusOr<ScenarioFigures>& figures) {
  EXPECT_TRUE(figures.ok()) << figures.status();
  if (!figures.ok()) return {};
  return {figures->begin(), figures->end()};
}

class ScenarioTest : public ::testing::Test {
 protected:
  ScenarioTest() {
    options_.settings.embedder.name = "hashing";
    options_.settings.embedder.projected = 16;
    options_.settings.learner.quality_model = "hybrid";
  }
  ReplayOptions options_;
};

TEST_F(ScenarioTest, ADegradedArmIsLeftAndFoundAgain) {
  const Dataset world =
      SeededWorld({{"best", 0.9, 0.9}, {"good", 0.6, 0.6}, {"bad", 0.1, 0.1}}, 6000, 2);

  auto figures = Named(RunDegradation(world, options_, 1));

  EXPECT_GT(figures["share_before"], 0.9);
  EXPECT_LT(figures["rounds_until_10pct"], 500);
  EXPECT_LT(figures["share_after_500"], 0.1);
  EXPECT_GT(figures["utility_after_500"], -0.02);
  EXPECT_LT(figures["rounds_until_back"], 1800);  // 1,800 rounds are left: it came back
}

TEST_F(ScenarioTest, ALearnerThatOnlyKeepsCountsIsSlowerToLeave) {
  const Dataset world =
      SeededWorld({{"best", 0.9, 0.9}, {"good", 0.6, 0.6}, {"bad", 0.1, 0.1}}, 6000, 2);
  const double watchful = Named(RunDegradation(world, options_, 1))["rounds_until_10pct"];
  options_.settings.learner.quality_model = "context_free";

  const double counting = Named(RunDegradation(world, options_, 1))["rounds_until_10pct"];

  EXPECT_LT(watchful, counting);
}

TEST_F(ScenarioTest, ANewArmFindsItsDomain) {
  const Dataset world =
      SeededWorld({{"one", 0.5, 0.5}, {"two", 0.4, 0.5}, {"lawyer", 0.95, 0.1}}, 4000, 3);

  auto figures = Named(RunNewArm(world, options_, 1));

  EXPECT_NEAR(figures["domain_gain"], 0.45, 0.05);
  EXPECT_GT(figures["share_of_domain_400"], 0.5);
}

TEST_F(ScenarioTest, AUselessArmGetsLittle) {
  const Dataset world = SeededWorld({{"one", 0.6, 0.5}, {"two", 0.4, 0.6}}, 4000, 4);

  auto figures = Named(RunUselessArm(world, options_, 1));

  EXPECT_LT(figures["share_first_1000"], 0.06);
  EXPECT_LT(figures["share_after"], 0.02);
}

TEST_F(ScenarioTest, OneStateServesEveryTradeOff) {
  const Dataset world = SeededWorld(
      {{"cheap", 0.5, 0.5, 0.0001}, {"dear", 0.9, 0.8, 0.01}, {"middle", 0.6, 0.8, 0.002}}, 1500,
      5);

  auto figures = Named(RunTradeOff(world, options_, 3, 1));

  EXPECT_GT(figures["ratio"], 0.95);
  EXPECT_GT(figures["quality_at_0"], figures["quality_at_1"]);
  EXPECT_GT(figures["cost_usd_at_0"], figures["cost_usd_at_1"]);
}

TEST_F(ScenarioTest, TooFewRoundsAreRefused) {
  const Dataset world = SeededWorld({{"a"}, {"b"}}, 100, 6);

  EXPECT_THAT(RunDegradation(world, options_, 1).status().message(), HasSubstr("2,000 rounds"));
}

TEST(AverageImprovement, IsTheAreaUnderTheConcaveHull) {
  // From (0, 0.4) straight to (1, 0.8), passing over (0.5, 0.5), then flat: on [0, 2]
  // (0.6 * 1 + 0.8 * 1) / 2 = 0.7.
  EXPECT_NEAR(AverageImprovement({{0, 0.4}, {0.5, 0.5}, {1, 0.8}, {1.5, 0.6}}, 0, 2), 0.7, 1e-12);
}

TEST(AverageImprovement, LooksAtTheGivenCostsOnly) {
  // Between costs 0.5 and 1 the chord from (0, 0.4) to (1, 0.8) is 0.6 to 0.8.
  EXPECT_NEAR(AverageImprovement({{0, 0.4}, {1, 0.8}}, 0.5, 1), 0.7, 1e-12);
}

}  // namespace
}  // namespace pointsman::evaluation
