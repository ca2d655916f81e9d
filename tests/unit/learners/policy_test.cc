#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/rng.h"
#include "gtest/gtest.h"
#include "learners/choice/choose.h"
#include "learners/choice/exploration.h"
#include "log_builder.h"

namespace pointsman::learners {
namespace {

struct Scene {
  std::vector<Arm> arms;
  std::vector<ArmView> views;
  std::vector<ArmExpectation> expected;
  PoolSettings settings;
};

Scene MakeScene(std::size_t k) {
  Scene scene;
  Rng rng(3);
  for (std::size_t i = 0; i < k; ++i) scene.arms.push_back(TestArm(static_cast<uint32_t>(10 + i)));
  for (std::size_t i = 0; i < k; ++i) {
    ArmView view;
    view.arm = &scene.arms[i];
    view.features.neighbour_count = static_cast<float>(i);
    scene.views.push_back(view);
    scene.expected.push_back({rng.Uniform(), 0.2, 0.01 * rng.Uniform(), 1000 * rng.Uniform()});
  }
  return scene;
}

ChoiceRequest Request(double draw) {
  ChoiceRequest request;
  request.preference = {0.8, 0.15, 0.05};
  request.draw = draw;
  return request;
}

TEST(Utility, WeighsQualityCostAndLatencyOnTheirScales) {
  PoolSettings settings;
  settings.cost_scale_usd = 0.02;
  settings.latency_scale_ms = 500;
  // 0.5 * 0.8 - 0.3 * 0.01 / 0.02 - 0.2 * 250 / 500 = 0.4 - 0.15 - 0.1
  EXPECT_NEAR(Utility(settings, {0.5, 0.3, 0.2}, {0.8, 0.1, 0.01, 250}), 0.15, 1e-12);
}

TEST(Choose, DrawsByTheDistributionOfItsUtilities) {
  const Scene scene = MakeScene(6);
  std::vector<double> means, stddevs;
  for (const ArmExpectation& e : scene.expected) {
    means.push_back(Utility(scene.settings, Request(0).preference, e));
    stddevs.push_back(0.8 * e.quality_stddev);
  }
  const std::vector<double> pmf = Distribution(scene.settings.learner, means, stddevs);

  for (double draw = 0; draw < 1; draw += 0.01) {
    const Choice choice = Choose(scene.settings, Request(draw), scene.views, scene.expected);

    ASSERT_EQ(choice.chosen.size(), 1u);
    const std::size_t i = SampleIndex(pmf, draw);
    EXPECT_EQ(choice.chosen[0].arm, scene.arms[i].id);
    EXPECT_EQ(choice.chosen[0].propensity, pmf[i]);
    EXPECT_EQ(choice.chosen[0].selection, Selection::kExplore);
    for (std::size_t j = 0; j < pmf.size(); ++j) {
      EXPECT_EQ(choice.candidates[j].probability, pmf[j]);
      EXPECT_EQ(choice.candidates[j].utility, means[j]);
      EXPECT_EQ(choice.candidates[j].expected, scene.expected[j]);
      EXPECT_EQ(choice.candidates[j].features, scene.views[j].features);
    }
  }
}

TEST(Choose, TakesTheBestWhenGreedy) {
  const Scene scene = MakeScene(6);
  ChoiceRequest request = Request(0.99);
  request.mode = Mode::kGreedy;

  const Choice choice = Choose(scene.settings, request, scene.views, scene.expected);

  const auto best = std::max_element(
      choice.candidates.begin(), choice.candidates.end(),
      [](const Candidate& a, const Candidate& b) { return a.utility < b.utility; });
  EXPECT_EQ(choice.chosen[0], (ChosenArm{best->arm, 1, Selection::kGreedy}));
  for (const Candidate& c : choice.candidates) EXPECT_EQ(c.probability, c.arm == best->arm ? 1 : 0);
}

TEST(Choose, OrdersFallbacksByUtility) {
  const Scene scene = MakeScene(6);
  ChoiceRequest request = Request(0.5);
  request.arm_count = 4;

  const Choice choice = Choose(scene.settings, request, scene.views, scene.expected);

  ASSERT_EQ(choice.chosen.size(), 4u);
  std::map<ArmId, double> utility;
  for (const Candidate& c : choice.candidates) utility[c.arm] = c.utility;
  std::vector<double> others;
  for (const auto& [arm, u] : utility) {
    if (arm != choice.chosen[0].arm) others.push_back(u);
  }
  std::sort(others.rbegin(), others.rend());
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(utility[choice.chosen[i].arm], others[i - 1]);
    EXPECT_EQ(choice.chosen[i].selection, Selection::kFallback);
    EXPECT_EQ(choice.chosen[i].propensity, 1);
  }
}

TEST(Choose, DrawsAPanelWithoutReplacementByConditionalProbabilities) {
  const Scene scene = MakeScene(4);
  ChoiceRequest request = Request(0.1);
  request.purpose = Purpose::kPanel;
  request.arm_count = 3;
  std::map<ArmId, double> counts;
  Choice choice;
  constexpr int kPanels = 40'000;
  for (int seed = 0; seed < kPanels; ++seed) {
    request.panel_seed = static_cast<uint64_t>(seed);
    choice = Choose(scene.settings, request, scene.views, scene.expected);

    ASSERT_EQ(choice.chosen.size(), 3u);
    double left = 1;
    std::set<ArmId> seen;
    for (std::size_t i = 0; i < 3; ++i) {
      const ChosenArm& chosen = choice.chosen[i];
      ASSERT_TRUE(seen.insert(chosen.arm).second);
      const Candidate& candidate = choice.candidates[Index(chosen.arm) - 10];
      ASSERT_NEAR(chosen.propensity, candidate.probability / left, 1e-12);
      ASSERT_EQ(chosen.selection, i == 0 ? Selection::kExplore : Selection::kPanel);
      left -= candidate.probability;
    }
    counts[choice.chosen[1].arm] += 1.0 / kPanels;
  }
  const double left = 1 - choice.chosen[0].propensity;
  for (const Candidate& c : choice.candidates) {
    if (c.arm == choice.chosen[0].arm) continue;
    const double p = c.probability / left;
    EXPECT_NEAR(counts[c.arm], p, 4.5 * std::sqrt(p * (1 - p) / kPanels));
  }
}

TEST(Choose, GivesNoMoreArmsThanThereAre) {
  const Scene scene = MakeScene(3);
  for (const Purpose purpose : {Purpose::kFallback, Purpose::kPanel}) {
    for (const Mode mode : {Mode::kExplore, Mode::kGreedy}) {
      ChoiceRequest request = Request(0.3);
      request.purpose = purpose;
      request.mode = mode;
      request.arm_count = 16;
      std::set<ArmId> seen;
      for (const ChosenArm& chosen :
           Choose(scene.settings, request, scene.views, scene.expected).chosen) {
        EXPECT_TRUE(seen.insert(chosen.arm).second);
        EXPECT_TRUE(mode != Mode::kGreedy || chosen.selection != Selection::kPanel);
      }
      EXPECT_EQ(seen.size(), 3u);
    }
  }
}

}  // namespace
}  // namespace pointsman::learners
