// What descriptions say of quality before the first outcome, and how outcomes overrule it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/pool/query_background.h"
#include "one_pool_fixture.h"

namespace pointsman::engine {
namespace {

struct Agent {
  const char* name;
  const char* description;
  std::vector<const char*> queries;
};

const std::vector<Agent>& Agents() {
  static const std::vector<Agent> agents = {
      {"travel",
       "books flights, trains and hotels and plans trips",
       {"find me a cheap flight to Lisbon on Friday", "a hotel near the station for two nights",
        "plan a trip through Norway by train", "change my flight to the evening",
        "which airport is closest to the city of Florence",
        "book seats on the night train to Vienna"}},
      {"code",
       "writes, explains and debugs computer programs",
       {"why does this function return the wrong list", "write a program that sorts names",
        "explain this compiler error in my code", "debug the loop that never ends",
        "rename a variable in all files of the program", "write a unit test for this function"}},
      {"law",
       "answers questions about law, contracts and courts",
       {"is an oral contract binding in court",
        "may my landlord keep the deposit under the contract",
        "what does the law say about inheritance", "which court decides on labour contracts",
        "is this clause of the contract legal", "how do I appeal a court decision"}}};
  return agents;
}

class DescriptionLead : public OnePoolFixture {
 protected:
  DescriptionLead() : OnePoolFixture("agents") {}

  void PutAgents(bool described = true, double weight = LearnerSettings().description_weight) {
    std::vector<Arm> arms;
    for (const Agent& agent : Agents()) {
      Arm arm;
      arm.name = agent.name;
      if (described) arm.description = agent.description;
      arms.push_back(arm);
    }
    PoolSettings settings;
    settings.learner.description_weight = weight;
    PutAll(arms, settings);
  }
  RouteOutput Ask(const std::string& query) {
    RouteInput input;
    input.query = query;
    return OnePoolFixture::Ask(std::move(input));
  }
  static double ChanceOf(const RouteOutput& output, const std::string& arm) {
    for (const RankedArm& ranked : output.ranking) {
      if (ranked.arm == arm) return ranked.probability;
    }
    return -1;
  }
  // The mean chance of the agent whose subject is asked for.
  double ChanceOfTheRightOne() {
    double sum = 0, count = 0;
    for (const Agent& agent : Agents()) {
      for (const char* query : agent.queries) {
        sum += ChanceOf(Ask(query), agent.name);
        count += 1;
      }
    }
    return sum / count;
  }
};

TEST_F(DescriptionLead, MakesAColdPoolPreferTheAgentWhoseSubjectItIs) {
  PutAgents();
  const RouteOutput output = Ask("find me a cheap flight to Lisbon on Friday");
  EXPECT_GT(ChanceOf(output, "travel"), 0.5);
  EXPECT_GT(ChanceOf(output, "code"), 0) << "and explores the others";
  EXPECT_GT(ChanceOfTheRightOne(), 0.5);
}

TEST_F(DescriptionLead, SaysNothingOfArmsWithoutDescriptionsOrInPoolsWithoutWeight) {
  PutAgents(/*described=*/false);
  EXPECT_NEAR(ChanceOfTheRightOne(), 1.0 / 3, 1e-9);
}

TEST_F(DescriptionLead, SaysNothingInAPoolThatGivesItNoWeight) {
  PutAgents(/*described=*/true, /*weight=*/0);
  EXPECT_NEAR(ChanceOfTheRightOne(), 1.0 / 3, 1e-9);
}

// Descriptions that are true are trusted more and more; those that are false are soon not believed.
TEST_F(DescriptionLead, IsOverruledByOutcomes) {
  PutAgents();
  const double before = ChanceOfTheRightOne();
  Rng rng(5);
  // In truth each agent is good at the subject of the one before it.
  const auto play = [&](int rounds) {
    double good = 0;
    for (int round = 0; round < rounds; ++round) {
      const std::size_t subject = rng.Below(3);
      const Agent& agent = Agents()[subject];
      const RouteOutput output = Ask(agent.queries[rng.Below(agent.queries.size())]);
      const bool is_right = output.arm == Agents()[(subject + 1) % 3].name;
      Rate(output, rng.Uniform() < (is_right ? 0.9 : 0.2) ? 1 : 0);
      good += is_right;
    }
    return good / rounds;
  };
  play(600);
  EXPECT_GT(play(200), 0.6) << "it has found who is really good at what";
  EXPECT_LT(ChanceOfTheRightOne(), 0.5 * before);
}

TEST_F(DescriptionLead, IsRecordedWithTheDecisionAndCentredOverTheCandidates) {
  PutAgents();
  const RouteOutput output = Ask("find me a cheap flight to Lisbon on Friday");
  const auto explanation = engine_->Explain("agents", output.decision_id);
  ASSERT_TRUE(explanation.ok()) << explanation.status();
  double sum = 0, most = 0;
  for (const Candidate& candidate : explanation->decision.candidates) {
    sum += double{candidate.features.description_lead};
    most = std::max(most, double{candidate.features.description_lead});
  }
  EXPECT_NEAR(sum, 0, 1e-5);
  EXPECT_GT(most, 1);
}

TEST(QueryBackground, IsRenewedEachTimeTheNumberOfQueriesHasDoubled) {
  QueryBackground background;
  std::vector<int> renewed;
  for (int i = 1; i <= 1000; ++i) {
    const std::vector<float> query = {static_cast<float>(i)};
    if (background.Add(query)) renewed.push_back(i);
  }
  EXPECT_EQ(renewed, (std::vector<int>{64, 128, 256, 512}));
  EXPECT_EQ(background.newest().size(), 256u);
  float least = 1000;
  for (const std::vector<float>& query : background.newest()) least = std::min(least, query[0]);
  EXPECT_EQ(least, 745) << "the newest 256 of 1,000";
}

}  // namespace
}  // namespace pointsman::engine
