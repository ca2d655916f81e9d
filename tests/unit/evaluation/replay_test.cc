#include "evaluation/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "evaluation/report/report.h"
#include "scripted_router.h"
#include "tiny_data.h"

namespace pointsman::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    WriteTinyData(folder_);
    dataset_ = *LoadDataset(folder_.path(), "two");
    dataset_.name = "tiny";
  }

  absl::StatusOr<ReplayReport> Run(std::vector<std::string> script = {"a"},
                                   const OnProgress& on_progress = nullptr) {
    const auto connect = [&](uint64_t) -> absl::StatusOr<std::unique_ptr<RouterClient>> {
      auto router = std::make_unique<ScriptedRouter>(script, transcript_);
      router->fail_at = fail_at_;
      return std::unique_ptr<RouterClient>(std::move(router));
    };
    return RunReplay(dataset_, options_, connect, on_progress);
  }

  TempFolder folder_;
  Dataset dataset_;
  ReplayOptions options_;
  Transcript transcript_;
  std::size_t fail_at_ = 0;
};

TEST_F(ReplayTest, RoutesThenTellsTheChosenArmsOutcomeAndNothingElse) {
  const auto report = Run({"a", "b"});

  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(transcript_.calls,
              ElementsAre("delete replay-tiny-two-1", "put replay-tiny-two-1", "route replay-1-0",
                          "feedback replay-1-0", "route replay-1-1", "feedback replay-1-1",
                          "route replay-1-2", "feedback replay-1-2", "delete replay-tiny-two-1"));
  const auto& rounds = report->seeds[0].rounds;
  for (std::size_t t = 0; t < 3; ++t) {
    EXPECT_EQ(rounds[t].arm, t == 1 ? 0u : 1u);  // b is arm 0
    const engine::FeedbackInput& told = transcript_.feedback[t];
    EXPECT_EQ(told.outcome, dataset_.At(rounds[t].query, rounds[t].arm));
    EXPECT_EQ(told.served_arm, "");
    EXPECT_EQ(transcript_.routes[t].query, dataset_.queries[rounds[t].query].text);
    EXPECT_EQ(transcript_.routes[t].preference, options_.preference);
    EXPECT_TRUE(transcript_.routes[t].features.empty());  // the domain is not a feature
  }
}

TEST_F(ReplayTest, GivesThePoolItsArmsAndTheScaleOfItsDearestArm) {
  options_.settings.learner.quality_model = "ema";
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(transcript_.pools[0].first.learner.quality_model, "ema");
  EXPECT_DOUBLE_EQ(transcript_.pools[0].first.cost_scale_usd, 0.003);
  EXPECT_EQ(transcript_.pools[0].second, dataset_.arms);
}

TEST_F(ReplayTest, TellsDelayedFeedbackInOrderAndTheRestAtTheEnd) {
  options_.feedback_delay_rounds = 2;
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(
      transcript_.calls,
      ElementsAre("delete replay-tiny-two-1", "put replay-tiny-two-1", "route replay-1-0",
                  "route replay-1-1", "route replay-1-2", "feedback replay-1-0",
                  "feedback replay-1-1", "feedback replay-1-2", "delete replay-tiny-two-1"));
}

TEST_F(ReplayTest, TellsEverythingAtTheEndIfTheDelayIsLongerThanTheRun) {
  options_.feedback_delay_rounds = 100;
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(transcript_.feedback.size(), 3u);
}

TEST_F(ReplayTest, PlaysEachQueryAtMostOnceHoweverManyRoundsAreAsked) {
  options_.rounds = 50;
  const auto report = Run();
  ASSERT_TRUE(report.ok());
  std::set<std::size_t> queries;
  for (const Round& round : report->seeds[0].rounds) queries.insert(round.query);
  EXPECT_EQ(report->rounds, 3u);
  EXPECT_EQ(queries.size(), 3u);
  EXPECT_THAT(ReportTable(*report), HasSubstr("50 were asked"));
}

TEST_F(ReplayTest, SeedsShuffleDifferentlyAndTheSameSeedAlike) {
  options_.seeds = 20;
  const auto first = Run();
  const auto second = Run();
  ASSERT_TRUE(first.ok() && second.ok());
  std::set<std::vector<std::size_t>> orders;
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(first->seeds[i].seed, i + 1);
    EXPECT_EQ(first->seeds[i].rounds, second->seeds[i].rounds);
    std::vector<std::size_t> order;
    for (const Round& round : first->seeds[i].rounds) order.push_back(round.query);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);  // all orders of three queries
}

TEST_F(ReplayTest, ImportsTheFirstQueriesOfASeedAndDoesNotPlayThem) {
  options_.import_queries = 1;
  options_.import_strength = 5;
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(transcript_.calls,
              ElementsAre("delete replay-tiny-two-1", "put replay-tiny-two-1",
                          "import replay-tiny-two-1", "route replay-1-0", "feedback replay-1-0",
                          "route replay-1-1", "feedback replay-1-1", "delete replay-tiny-two-1"));
  const auto& [plan, queries] = transcript_.imports.front();
  EXPECT_EQ(plan.queries, 1u);
  EXPECT_EQ(plan.strength, 5);
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_EQ(queries[0].outcomes.size(), 2u);
  for (const engine::RouteInput& played : transcript_.routes)
    EXPECT_NE(played.query, queries[0].query);
  EXPECT_EQ(report->rounds, 2u);
  EXPECT_THAT(ReportTable(*report), HasSubstr("after an import of 1 other queries at strength 5"));

  options_.import_queries = 3;
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReplayTest, SkipsWhatTheDataDoesNotRecord) {
  options_.preference = {1, 0, 0.5};
  const auto report = Run();
  EXPECT_EQ(ReasonOf(report.status()), kDataLacks);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("does not record the latency"));
  EXPECT_TRUE(transcript_.calls.empty());
}

TEST_F(ReplayTest, RefusesAnImpossiblePreferenceOrNoSeeds) {
  options_.preference = {0, 0, 0};
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kInvalidArgument);
  options_.preference = {1, 0, 0};
  options_.seeds = 0;
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReplayTest, SaysInWhichSeedAndRoundTheRouterFailed) {
  fail_at_ = 2;
  const auto report = Run();
  EXPECT_EQ(report.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("Route of seed 1, round 1"));
}

TEST_F(ReplayTest, RefusesAnArmThatIsNotOfThePool) {
  EXPECT_THAT(std::string(Run({"c"}).status().message()), HasSubstr("chose \"c\""));
}

TEST_F(ReplayTest, ReportsProgressAfterEveryRound) {
  std::vector<std::size_t> rounds;
  options_.seeds = 2;
  ASSERT_TRUE(Run({"a"}, [&](const ReplayProgress& p) { rounds.push_back(p.round); }).ok());
  EXPECT_THAT(rounds, ElementsAre(1, 2, 3, 1, 2, 3));
}

TEST_F(ReplayTest, WritesTheSameJsonForTheSameRunWithThePromisedPlainNumbers) {
  options_.seeds = 3;
  options_.preference = {1, 1, 0};
  const auto first = Run({"a", "b", "b"});
  const auto second = Run({"a", "b", "b"});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(ReportJson(*first), ReportJson(*second));

  const auto json = nlohmann::json::parse(ReportJson(*first));

  const auto expect_keys = [](const nlohmann::json& object) {
    for (const char* key : {"mean_utility", "mean_quality", "mean_cost_usd", "first_1000",
                            "last_third", "stderr", "random", "best_single", "oracle"}) {
      EXPECT_TRUE(object.at(key).is_number()) << key;
    }
    EXPECT_TRUE(object.at("shares").at("a").is_number());
    EXPECT_TRUE(object.at("shares").at("b").is_number());
  };
  expect_keys(json);
  ASSERT_EQ(json.at("seeds").size(), 3u);
  double sum = 0;
  for (const auto& seed : json.at("seeds")) {
    expect_keys(seed);
    sum += seed.at("mean_utility").get<double>();
  }
  EXPECT_DOUBLE_EQ(json.at("mean_utility").get<double>(), sum / 3);
  EXPECT_EQ(json.at("mean_utility").get<double>(), first->mean.played.utility);  // every bit
  EXPECT_EQ(json.at("stderr").get<double>(), first->standard_errors.played.utility);
  EXPECT_EQ(json.at("cost_recorded"), true);
}

TEST_F(ReplayTest, SaysZeroAndNotRecordedWhereNoCostIs) {
  for (Outcome& outcome : dataset_.outcomes) outcome.cost_usd.reset();
  const auto report = Run();
  ASSERT_TRUE(report.ok());
  const auto json = nlohmann::json::parse(ReportJson(*report));
  EXPECT_EQ(json.at("mean_cost_usd"), 0);
  EXPECT_EQ(json.at("cost_recorded"), false);
  EXPECT_EQ(json.at("single_utility").size(), json.at("arms").size());  // whatever is recorded
  EXPECT_FALSE(json.contains("cheapest_arm"));
  EXPECT_FALSE(transcript_.feedback[0].outcome.cost_usd.has_value());
}

}  // namespace
}  // namespace pointsman::evaluation
