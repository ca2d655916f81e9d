#include "evaluation/replay/grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evaluation/replay/in_process_client.h"
#include "seeded_world.h"

namespace pointsman::evaluation {
namespace {

using ::testing::HasSubstr;

class GridTest : public ::testing::Test {
 protected:
  GridTest() {
    options_.replay.rounds = 200;
    options_.replay.seeds = 3;
    options_.replay.seed_start = 5;
    options_.replay.settings.embedder.name = "hashing";
    options_.replay.settings.embedder.projected = 8;
    options_.preferences = {{1, 0, 0}, {0.9, 0.1, 0}};
    for (const char* name : {"context_free", "linucb:exploration_scale=0.3"}) {
      options_.learners.push_back(*ParseVariant(name, {}));
    }
  }
  const Dataset dataset_ = SeededWorld({{"a", 0.8, 0.3}, {"b", 0.4, 0.7, 0.002}}, 300, 1);
  GridOptions options_;
};

TEST_F(GridTest, PlaysWhatAReplayOfTheSameSeedPlays) {
  const auto report = RunGrid(dataset_, options_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->rows.size(), 4u);
  const GridRow& row = report->rows[3];

  ReplayOptions replay = options_.replay;
  replay.preference = options_.preferences[1];
  replay.settings.learner = options_.learners[1].settings;
  const auto alone = RunReplay(dataset_, replay, InProcessFactory({}), nullptr);

  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(row.learner, "linucb:exploration_scale=0.3");
  EXPECT_EQ(row.mean, alone->mean);
  ASSERT_EQ(row.seeds.size(), 3u);
  EXPECT_EQ(row.seeds[2], alone->seeds[2].figures);
}

TEST_F(GridTest, IsTheSameOnAnyNumberOfThreads) {
  options_.threads = 1;
  const auto one = RunGrid(dataset_, options_, nullptr);
  options_.threads = 3;
  const auto three = RunGrid(dataset_, options_, nullptr);

  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(GridJson(*one), GridJson(*three));
  EXPECT_EQ(GridSvg(*one), GridSvg(*three));
}

TEST_F(GridTest, ComparesTheFirstLearnerSeedBySeed) {
  const auto report = RunGrid(dataset_, options_, nullptr);
  ASSERT_TRUE(report.ok());

  const Comparison c = Compare(report->rows[0], report->rows[1]);

  double mean = 0;
  for (std::size_t seed = 0; seed < 3; ++seed) {
    mean +=
        (report->rows[0].seeds[seed].played.utility - report->rows[1].seeds[seed].played.utility) /
        3;
  }
  EXPECT_NEAR(c.utility.mean, mean, 1e-12);
  const auto json = nlohmann::json::parse(GridJson(*report));
  EXPECT_NEAR(json["rows"][1]["first_less_this"]["mean_utility"]["mean"], mean, 1e-12);
  EXPECT_THAT(GridTable(*report), HasSubstr("linucb:exploration_scale=0.3"));
}

TEST_F(GridTest, SkipsAPreferenceThatTheDataDoNotRecord) {
  Dataset dataset = dataset_;
  for (Outcome& outcome : dataset.outcomes) outcome.cost_usd.reset();

  const auto report = RunGrid(dataset, options_, nullptr);

  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows.size(), 2u);
  ASSERT_EQ(report->skipped.size(), 1u);
  EXPECT_THAT(report->skipped[0], HasSubstr("does not record the cost"));
}

TEST(ParseVariant, ReadsSettingsBehindTheName) {
  const auto variant = ParseVariant("hybrid:explore=softmax:temperature=0.1", {});

  ASSERT_TRUE(variant.ok()) << variant.status();
  EXPECT_EQ(variant->settings.quality_model, "hybrid");
  EXPECT_EQ(variant->settings.exploration, "softmax");
  EXPECT_EQ(variant->settings.temperature, 0.1);
}

TEST(ParseVariant, SaysWhatIsWrong) {
  EXPECT_THAT(ParseVariant("nothing", {}).status().message(), HasSubstr("hybrid"));
  EXPECT_THAT(ParseVariant("hybrid:color=3", {}).status().message(),
              HasSubstr("exploration_scale"));
  EXPECT_THAT(ParseVariant("hybrid:epsilon=x", {}).status().message(), HasSubstr("needs a number"));
  EXPECT_THAT(ParseVariant("hybrid:epsilon", {}).status().message(), HasSubstr("KEY=VALUE"));
}

}  // namespace
}  // namespace pointsman::evaluation
