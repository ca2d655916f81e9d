// The load generator against a real server: it counts what it sends, and its report adds up.
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "bench/load/fill.h"
#include "bench/load/load_report.h"
#include "bench/load/load_run.h"
#include "bench/load/process_figures.h"
#include "tests/paths.h"
#include "tests/support/server_process.h"
#include "tests/support/test_folder.h"

namespace pointsman::bench {
namespace {

class Load : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.WaitUntilItServes()) << server_.output();
    auto loaded = Workload::Load(POINTSMAN_SOURCE_DIR "/deploy/sample", 300, 1);
    ASSERT_TRUE(loaded.ok());
    workload_ = std::make_unique<Workload>(*std::move(loaded));
    Connections connections(server_.address(), 1);
    FillPlan plan;
    plan.pool = "default";
    plan.outcomes = 500;
    const absl::Status filled =
        Fill(connections, *workload_, plan, [](double, const std::string&) {});
    ASSERT_TRUE(filled.ok()) << filled;
    options_.server = server_.address();
    options_.slice_s = 0.3;
    options_.rounds = 2;
    options_.warm_up_s = 0;
    options_.feedback_delay_s = 0.05;
  }

  std::vector<PhaseResult> Run(const std::vector<LoadPhase>& phases) {
    LoadRun run(options_, *workload_);
    auto results = run.Run(phases, [](double, const LoadSlice&) {});
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? *results : std::vector<PhaseResult>(phases.size());
  }

  v1::GetStatsResponse Stats() {
    v1::GetStatsResponse stats;
    grpc::ClientContext context;
    EXPECT_TRUE(server_.admin->GetStats(&context, {}, &stats).ok());
    return stats;
  }

  tests::TestFolder folder_;
  tests::ServerProcess server_{folder_.path()};
  std::unique_ptr<Workload> workload_;
  LoadOptions options_;
};

TEST_F(Load, CountsWhatTheServerCounts) {
  const uint64_t decisions = Stats().decisions(), applied = Stats().feedback().applied();
  EXPECT_EQ(applied, 500u);
  const auto results =
      Run({{"empty", LoadKind::kEmpty, ""}, {"mixed", LoadKind::kRoute, "default", true}});
  EXPECT_GT(results[0].calls.calls, 0u);
  EXPECT_EQ(results[1].calls.errors + results[1].feedback.errors, 0u) << results[1].first_error;
  EXPECT_GT(results[1].feedback.calls, 0u);
  EXPECT_EQ(Stats().decisions() - decisions, results[1].calls.calls);
  EXPECT_EQ(Stats().feedback().applied() - applied, results[1].feedback.calls);
  ASSERT_EQ(results[1].slices.size(), 2u);
  EXPECT_EQ(results[1].slices[0].calls.calls + results[1].slices[1].calls.calls,
            results[1].calls.calls);
}

TEST_F(Load, KeepsToItsScheduleInAnOpenLoop) {
  options_.rate = 300;
  options_.slice_s = 1;
  const auto results = Run({{"route", LoadKind::kRoute, "default"}});
  // Poisson arrivals of 2 s: 600 give or take 5 deviations.
  EXPECT_NEAR(static_cast<double>(results[0].calls.calls), 600, 125);
}

TEST_F(Load, KeepsAnErrorInsteadOfStopping) {
  const auto results = Run({{"route", LoadKind::kRoute, "no such pool"}});
  EXPECT_EQ(results[0].calls.errors, results[0].calls.calls);
  EXPECT_NE(results[0].first_error.find("no such pool"), std::string::npos);
}

TEST_F(Load, RoutesInBatchesAndTellsBeforehand) {
  LoadRun run(options_, *workload_);
  ASSERT_TRUE(run.MakeDecisions("default", 300, [](double) {}).ok());
  const auto results = run.Run({{"feedback", LoadKind::kFeedback, "default"},
                                {"batch", LoadKind::kBatch, "default"},
                                {"changing", LoadKind::kRoute, "default", false, 50}},
                               [](double, const LoadSlice&) {});
  ASSERT_TRUE(results.ok());
  EXPECT_LE((*results)[0].calls.calls, 512u);  // it ends when all outcomes are reported
  EXPECT_GE((*results)[0].calls.calls, 300u);
  for (const PhaseResult& phase : *results) EXPECT_EQ(phase.calls.errors, 0u) << phase.first_error;
  v1::ListArmsRequest request;
  request.set_include_removed(true);
  v1::ListArmsResponse arms;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.admin->ListArms(&context, request, &arms).ok());
  EXPECT_GT(arms.arms_size(), 8 + 10);  // some were put and some removed
}

TEST_F(Load, SendsItemsOfStreams) {
  const uint64_t decisions = Stats().decisions(), applied = Stats().feedback().applied();
  const auto results = Run({{"stream", LoadKind::kRoute, "default", true, 0, true}});
  EXPECT_EQ(results[0].calls.errors + results[0].feedback.errors, 0u) << results[0].first_error;
  EXPECT_GT(results[0].feedback.calls, 0u);
  EXPECT_EQ(Stats().decisions() - decisions, results[0].calls.calls);
  EXPECT_EQ(Stats().feedback().applied() - applied, results[0].feedback.calls);
  const auto wrong = Run({{"stream", LoadKind::kRoute, "no such pool", false, 0, true}});
  EXPECT_EQ(wrong[0].calls.errors, wrong[0].calls.calls);
}

TEST_F(Load, ReportsFeedbackInBatches) {
  options_.batch = 10;
  LoadRun run(options_, *workload_);
  ASSERT_TRUE(run.MakeDecisions("default", 300, [](double) {}).ok());
  const uint64_t applied = Stats().feedback().applied();
  const auto results =
      run.Run({{"batches", LoadKind::kFeedbackBatch, "default"}}, [](double, const LoadSlice&) {});
  ASSERT_TRUE(results.ok());
  EXPECT_EQ((*results)[0].calls.errors, 0u) << (*results)[0].first_error;
  EXPECT_GE(Stats().feedback().applied() - applied, 300u);
}

TEST_F(Load, ReportsTheRatiosOfMediansAsJson) {
  options_.pid = getpid();  // any process will do
  LoadReport report;
  report.phases = Run({{"empty", LoadKind::kEmpty, ""}, {"route", LoadKind::kRoute, "default"}});
  const nlohmann::json json = nlohmann::json::parse(JsonTextOf(report));
  const auto p50 = [&](const char* phase, int slice) {
    return json["phases"][phase]["slices"][static_cast<std::size_t>(slice)]["p50_us"].get<double>();
  };
  const double ratios[] = {p50("route", 0) / p50("empty", 0), p50("route", 1) / p50("empty", 1)};
  const double ratio = json["ratio"]["route"]["p50"];
  EXPECT_TRUE(std::abs(ratio - ratios[0]) < 1e-9 || std::abs(ratio - ratios[1]) < 1e-9);
  EXPECT_GT(json["rss_mb"]["last"].get<double>(), 1);
  EXPECT_NE(TextOf(report).find("route / empty"), std::string::npos);
}

TEST(ProcessFigures, AreThoseOfTheProcess) {
  const auto before = ReadProcess(getpid());
  ASSERT_TRUE(before.ok());
  EXPECT_GT(before->rss_bytes, 1u << 20);
  EXPECT_GE(before->threads, 1u);
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(300)) {
  }
  EXPECT_GT(ReadProcess(getpid())->cpu_s, before->cpu_s);
  EXPECT_FALSE(ReadProcess(999999999).ok());
}

}  // namespace
}  // namespace pointsman::bench
