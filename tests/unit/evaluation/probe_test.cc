// The probe on a world whose answer is known: which arm is right depends on the domain, and the domain on the
// words.
#include "evaluation/replay/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"
#include "seeded_world.h"

namespace pointsman::evaluation {
namespace {

using ::testing::HasSubstr;

const std::vector<WorldArm> kSpecialists = {{"lawyer", 0.9, 0.1}, {"musician", 0.1, 0.9}};

ProbeOptions Options(const std::string& embedder) {
  ProbeOptions options;
  options.embedder.name = embedder;
  options.splits = 2;
  return options;
}

TEST(Probe, FindsTheSpecialistOfEachDomainByWords) {
  const auto report =
      RunProbe(SeededWorld(kSpecialists, 600, 1), Options("hashing"), [](double) {});
  ASSERT_TRUE(report.ok()) << report.status();
  const ProbeFigures& mean = report->mean;
  EXPECT_NEAR(mean.ridge, 0.9, 0.05);
  EXPECT_NEAR(mean.knn, 0.9, 0.05);
  EXPECT_NEAR(mean.random, 0.5, 0.05);
  EXPECT_NEAR(mean.best_single, 0.5, 0.08);
  EXPECT_GT(mean.oracle, mean.ridge);
}

TEST(Probe, FindsNothingWhereWordsSayNothing) {
  const auto report = RunProbe(SeededWorld({{"a", 0.5, 0.5}, {"b", 0.5, 0.5}}, 600, 2),
                               Options("hashing"), [](double) {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_NEAR(report->mean.ridge, report->mean.random, 0.06);
  EXPECT_NEAR(report->mean.knn, report->mean.random, 0.06);
}

TEST(Probe, GivesTheSameReportAgainAndEveryFigureAsJson) {
  const Dataset world = SeededWorld(kSpecialists, 200, 3);
  const auto one = RunProbe(world, Options("lexicon"), [](double) {});
  const auto two = RunProbe(world, Options("lexicon"), [](double) {});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(ProbeJson(*one), ProbeJson(*two));
  const auto json = nlohmann::json::parse(ProbeJson(*one));
  for (const char* key : {"ridge", "knn", "random", "best_single", "oracle"}) {
    EXPECT_TRUE(json.at(key).is_number()) << key;
  }
  EXPECT_EQ(json.at("ridge").get<double>(), one->mean.ridge);
}

TEST(Probe, TrainsOnSoManyQueriesIfAsked) {
  const Dataset world = SeededWorld(kSpecialists, 600, 4);
  ProbeOptions few = Options("hashing");
  few.train_queries = 20;
  const auto little = RunProbe(world, few, [](double) {});
  const auto much = RunProbe(world, Options("hashing"), [](double) {});
  ASSERT_TRUE(little.ok() && much.ok());
  EXPECT_LT(little->mean.ridge, much->mean.ridge);
}

TEST(Probe, RefusesWhatCannotBeProbed) {
  const Dataset world = SeededWorld(kSpecialists, 100, 5);
  EXPECT_EQ(RunProbe(world, Options("caller"), [](double) {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      RunProbe(SeededWorld(kSpecialists, 19, 5), Options("hashing"), [](double) {}).status().code(),
      absl::StatusCode::kInvalidArgument);
  ProbeOptions none = Options("hashing");
  none.splits = 0;
  EXPECT_THAT(RunProbe(world, none, [](double) {}).status().message(), HasSubstr("splits"));
}

}  // namespace
}  // namespace pointsman::evaluation
