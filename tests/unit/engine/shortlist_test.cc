// Pools with more arms than their shortlist: who is a candidate by right, who by chance, and with what inclusion.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "one_pool_fixture.h"

namespace pointsman::engine {
namespace {

constexpr uint32_t kSize = 16;
constexpr std::size_t kRandom = 4;

class Shortlist : public OnePoolFixture {
 protected:
  Shortlist() : OnePoolFixture("tools") {}

  static PoolSettings Settings() {
    PoolSettings settings;
    settings.shortlist_size = kSize;
    settings.neighbours = 0;
    return settings;
  }
  static std::vector<Arm> Many(std::size_t count, bool described = false) {
    std::vector<Arm> arms(count);
    for (std::size_t i = 0; i < count; ++i) {
      arms[i].name = "tool-" + std::to_string(i);
      if (described) arms[i].description = "an instrument for subject " + std::to_string(i * i);
    }
    return arms;
  }
  RouteOutput Ask(RouteInput input = {}) {
    if (input.query.empty()) input.query = "which instrument is for subject 49";
    return OnePoolFixture::Ask(std::move(input));
  }
  // Gives the arm `count` outcomes of this quality.
  void Teach(const std::string& arm, int count, double quality) {
    RouteInput input;
    input.constraints.allow_arms = {arm};
    for (int i = 0; i < count; ++i) Rate(Ask(input), quality);
  }
  static std::set<std::string> NamesOf(const RouteOutput& output) {
    std::set<std::string> names;
    for (const RankedArm& ranked : output.ranking) names.insert(ranked.arm);
    return names;
  }
};

TEST_F(Shortlist, IncludesEveryArmByRightWhenAllFit) {
  PutAll(Many(kSize), Settings());
  const RouteOutput output = Ask();
  EXPECT_EQ(output.ranking.size(), kSize);
  EXPECT_EQ(output.inclusion, 1);
  for (const RankedArm& ranked : output.ranking) EXPECT_EQ(ranked.inclusion, 1);
}

// The inclusion of the random members is their number over the number of arms that were left to draw from.
TEST_F(Shortlist, RecordsTheInclusionOfItsRandomMembers) {
  PutAll(Many(400, true), Settings());
  for (int i = 0; i < 30; ++i) {
    const RouteOutput output = Ask();
    std::size_t by_right = 0, random = 0;
    double inclusion = 0;
    for (const RankedArm& ranked : output.ranking) {
      ++(ranked.inclusion == 1 ? by_right : random);
      if (ranked.inclusion < 1) inclusion = ranked.inclusion;
      if (ranked.arm == output.arm) {
        EXPECT_EQ(ranked.inclusion, output.inclusion);
      }
    }
    EXPECT_GE(by_right, kSize);
    EXPECT_EQ(random, kRandom);
    EXPECT_EQ(inclusion, static_cast<double>(kRandom) / static_cast<double>(400 - by_right));
    Rate(output, 0.5);
  }
}

// Over many decisions an arm is a candidate as often as its inclusion says.
TEST_F(Shortlist, IncludesArmsAsOftenAsItRecords) {
  PutAll(Many(60, true), Settings());
  std::map<std::string, double> expected, seen;
  constexpr int kRounds = 4000;
  for (int i = 0; i < kRounds; ++i) {
    const RouteOutput output = Ask();
    double rest = 0;
    std::set<std::string> by_right;
    for (const RankedArm& ranked : output.ranking) {
      seen[ranked.arm] += 1;
      if (ranked.inclusion == 1) by_right.insert(ranked.arm);
      if (ranked.inclusion < 1) rest = ranked.inclusion;
    }
    for (int arm = 0; arm < 60; ++arm) {
      const std::string name = "tool-" + std::to_string(arm);
      expected[name] += by_right.contains(name) ? 1 : rest;
    }
  }
  for (const auto& [name, count] : expected) {
    EXPECT_NEAR(seen[name], count, 5 * std::sqrt(count)) << name;
  }
}

// Inverse propensity scoring with propensity times inclusion gives the uniform policy's value.
TEST_F(Shortlist, LetsAnOffPolicyEstimateOfTheUniformPolicyBeRight) {
  constexpr std::size_t kArms = 400;
  PutAll(Many(kArms), Settings());
  Rng rng(7);
  std::vector<double> quality(kArms);
  double truth = 0;
  for (double& q : quality) truth += (q = 0.2 + 0.6 * rng.Uniform()) / kArms;
  double sum = 0, squares = 0, conditional = 0;
  constexpr int kRounds = 6000;
  for (int i = 0; i < kRounds; ++i) {
    const RouteOutput output = Ask();
    const double mean = quality[std::stoul(output.arm.substr(5))];
    const double y = rng.Uniform() < mean ? 1 : 0;
    Rate(output, y);
    const double value = y / (kArms * output.propensity * output.inclusion);
    sum += value;
    squares += value * value;
    conditional += y / (kArms * output.propensity);
  }
  const double estimate = sum / kRounds;
  const double error = std::sqrt((squares / kRounds - estimate * estimate) / kRounds);
  EXPECT_NEAR(estimate, truth, 3 * error);
  EXPECT_LT(error, 0.5 * truth);
  EXPECT_LT(conditional / kRounds, 0.3 * truth) << "the propensity alone is conditional";
}

TEST_F(Shortlist, TakesAllArmsThatPassIfTheyFit) {
  std::vector<Arm> arms = Many(400, true);
  for (std::size_t i = 5; i < 400; i += 25) arms[i].tags = {"fast"};
  PutAll(arms, Settings());
  RouteInput input;
  input.constraints.require_tags = {"fast"};
  const RouteOutput output = Ask(input);
  EXPECT_EQ(output.ranking.size(), 16u);
  for (const RankedArm& ranked : output.ranking) EXPECT_EQ(ranked.inclusion, 1);
}

// More arms pass than fit. The best of them is far from the best of the pool, and a candidate all the same.
TEST_F(Shortlist, FavoursTheBestOfTheArmsThatPass) {
  std::vector<Arm> arms = Many(400);
  for (std::size_t i = 0; i < 400; ++i) arms[i].prior_quality = i < 100 ? 0.9 : 0.5;
  for (std::size_t i = 200; i < 300; ++i) arms[i].tags = {"fast"};
  arms[250].prior_quality = 0.6;
  PutAll(arms, Settings());
  RouteInput input;
  input.constraints.require_tags = {"fast"};
  for (int i = 0; i < 20; ++i) {
    const RouteOutput output = Ask(input);
    EXPECT_LT(output.ranking.size(), 100u);
    EXPECT_TRUE(NamesOf(output).contains("tool-250"));
  }
}

TEST_F(Shortlist, DoesNotPreferSmallIdsAmongEqualDescriptions) {
  std::vector<Arm> arms = Many(400);
  for (Arm& arm : arms) arm.description = "a general instrument";
  PutAll(arms, Settings());
  std::map<std::string, int> drawn;
  int first = 0, all = 0;
  constexpr int kRounds = 2000;
  for (int i = 0; i < kRounds; ++i) {
    std::size_t by_right = 0;
    for (const RankedArm& ranked : Ask().ranking) {
      if (ranked.inclusion == 1) {
        ++by_right;
        continue;
      }
      ++drawn[ranked.arm];
      ++all;
      first += std::stoul(ranked.arm.substr(5)) < 200;
    }
    ASSERT_LE(by_right, kRandom) << "no more than are on trial";
  }
  EXPECT_GT(drawn.size(), 390u);
  EXPECT_NEAR(static_cast<double>(first) / all, 0.5, 0.05);
}

// It joins 400 arms late, is better than any of them, and nothing but outcomes says so.
TEST_F(Shortlist, FindsALateBestArm) {
  Rng rng(3);
  std::vector<double> quality(401);
  for (double& q : quality) q = 0.2 + 0.5 * rng.Uniform();
  quality[400] = 0.95;
  PutAll(Many(400), Settings());
  const auto play = [&] {
    const RouteOutput output = Ask();
    const std::size_t arm = std::stoul(output.arm.substr(5));
    Rate(output, rng.Uniform() < quality[arm] ? 1 : 0);
    return arm;
  };
  for (int i = 0; i < 2000; ++i) play();
  PutAll(Many(401), Settings());
  EXPECT_TRUE(NamesOf(Ask()).contains("tool-400")) << "it is a candidate by right";
  int first = -1, late = 0;
  for (int i = 0; i < 1200; ++i) {
    const bool is_it = play() == 400;
    if (is_it && first < 0) first = i;
    if (i >= 1000) late += is_it;
  }
  EXPECT_GE(first, 0);
  EXPECT_LT(first, 100);
  EXPECT_GT(late, 100) << "of the 200 decisions after the first 1,000";
}

// An arm that is learned to fail stays a candidate, so that its recovery is seen.
TEST_F(Shortlist, KeepsAWatchedArmAmongItsCandidates) {
  PoolSettings settings = Settings();
  std::vector<Arm> arms = Many(300);
  PutAll(arms, settings);
  for (int i = 1; i <= 20; ++i) Teach("tool-" + std::to_string(i), 3, 0.9);
  Teach("tool-200", 60, 0.9);
  Teach("tool-200", 60, 0.05);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(NamesOf(Ask()).contains("tool-200")) << i;
}

// Without outcomes, attention is not spread over 400 arms: the same few are tried until they are known.
TEST_F(Shortlist, HoldsAFewArmsOnTrial) {
  PutAll(Many(400), Settings());
  std::map<std::string, int> chosen;
  for (int i = 0; i < 300; ++i) {
    const RouteOutput output = Ask();
    ++chosen[output.arm];
    Rate(output, 0.5);
  }
  int most = 0;
  for (const auto& [name, count] : chosen) most = std::max(most, count);
  EXPECT_LT(chosen.size(), 150u);
  EXPECT_GE(most, 10);
}

TEST_F(Shortlist, IsInTheRecordAndInTheEvent) {
  PutAll(Many(400, true), Settings());
  RouteOutput output;
  for (int i = 0; i < 2000 && !(output.inclusion < 1); ++i) output = Ask();
  ASSERT_LT(output.inclusion, 1) << "some random member is drawn sooner or later";
  Rate(output, 1);
  const auto explanation = engine_->Explain("tools", output.decision_id);
  ASSERT_TRUE(explanation.ok()) << explanation.status();
  for (const Candidate& candidate : explanation->decision.candidates) {
    if (candidate.arm == explanation->decision.chosen[0].arm) {
      EXPECT_EQ(candidate.inclusion, output.inclusion);
    }
  }
}

}  // namespace
}  // namespace pointsman::engine
