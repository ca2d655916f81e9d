#include "service/observe/engine_metrics.h"

#include <algorithm>
#include <map>

#include "service/observe/metrics.h"
#include "tests/support/engine_fixture.h"

namespace pointsman::service {
namespace {

class EngineMetricsTest : public tests::EngineFixture {
 protected:
  void SetUp() override {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    MakePool();
  }

  // The value of a family's member with that arm, or of its first member; -1 if there is none.
  double Value(const std::vector<prometheus::MetricFamily>& families, const std::string& name,
               const std::string& arm = "") {
    for (const auto& family : families) {
      if (family.name != name) continue;
      for (const auto& metric : family.metric) {
        const bool is_it =
            arm.empty() ||
            std::any_of(metric.label.begin(), metric.label.end(), [&](const auto& label) {
              return label.name == "arm" && label.value == arm;
            });
        if (is_it) return metric.counter.value + metric.gauge.value;
      }
    }
    return -1;
  }
};

TEST_F(EngineMetricsTest, KeepSeriesFewHoweverManyArms) {
  engine::RouteInput input;
  input.query = "a question";
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(engine_->Route(input).ok());
  const auto all = EngineMetrics(*engine_, 100);
  const auto few = EngineMetrics(*engine_, 1);
  double decisions = 0;
  for (const char* arm : {"alpha", "beta", "gamma"}) {
    decisions += Value(all, "pointsman_arm_decisions_total", arm);
  }
  EXPECT_EQ(decisions, 30);
  EXPECT_EQ(Value(all, "pointsman_arm_decisions_total", "(others)"), -1);
  double most = 0;
  for (const char* arm : {"alpha", "beta", "gamma"}) {
    most = std::max(most, Value(few, "pointsman_arm_decisions_total", arm));
  }
  EXPECT_EQ(most + Value(few, "pointsman_arm_decisions_total", "(others)"), 30);
  for (const auto& family : few) EXPECT_LE(family.metric.size(), 8u) << family.name;
}

TEST_F(EngineMetricsTest, CountAnExploredDecisionWhenTheBestArmWasNotDrawn) {
  engine::RouteInput input;
  input.query = "a question";
  input.preference =
      Preference{0.5, 0.5, 0};  // by cost the arms differ before they have learned anything
  double explored = 0;
  for (int i = 0; i < 50; ++i) {
    const auto output = engine_->Route(input);
    ASSERT_TRUE(output.ok());
    const auto why = engine_->Explain("default", output->decision_id);
    ASSERT_TRUE(why.ok());
    double best = -1e9, chosen = 0;
    for (const Candidate& c : why->decision.candidates) {
      best = std::max(best, c.utility);
      if (c.arm == why->decision.chosen.front().arm) chosen = c.utility;
    }
    explored += chosen < best;
  }
  EXPECT_GT(explored, 0);
  EXPECT_EQ(Value(EngineMetrics(*engine_, 100), "pointsman_pool_explored_total"), explored);
  input.mode = Mode::kGreedy;
  const double before = Value(EngineMetrics(*engine_, 100), "pointsman_pool_explored_total");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(engine_->Route(input).ok());
  EXPECT_EQ(Value(EngineMetrics(*engine_, 100), "pointsman_pool_explored_total"), before);
}

TEST_F(EngineMetricsTest, CountFeedbackByWhatItDid) {
  const auto bound = [](PoolSettings settings) {
    settings.client_weight_per_hour = 1;
    return settings;
  };
  const auto put = engine::Await<engine::PutPoolOutput>(
      [&](auto done) { engine_->PutPool("default", bound, {}, false, std::move(done)); });
  ASSERT_TRUE(put.ok()) << put.status();
  engine::RouteInput input;
  input.query = "a question";
  input.constraints.allow_arms = {"alpha"};
  for (int i = 0; i < 4; ++i) {
    const auto output = engine_->Route(input);
    ASSERT_TRUE(output.ok());
    ASSERT_TRUE(TellQuality(output->decision_id, 1).ok());
  }
  std::map<std::string, double> counts;
  for (const auto& family : EngineMetrics(*engine_, 100)) {
    if (family.name != "pointsman_pool_feedback_total") continue;
    for (const auto& metric : family.metric) {
      for (const auto& label : metric.label) {
        if (label.name == "result") counts[label.value] = metric.counter.value;
      }
    }
  }
  EXPECT_EQ(counts["APPLIED"], 1);
  EXPECT_EQ(counts["OVER_WEIGHT"], 3);
  EXPECT_EQ(counts["LATE"], 0);
}

TEST(ServerMetrics, CountEveryResultThatFeedbackMayHave) {
  Metrics metrics;
  for (int result = 1; result <= static_cast<int>(engine::FeedbackResult::kClosed); ++result) {
    metrics.CountFeedback(static_cast<engine::FeedbackResult>(result));
  }
  const std::string text = metrics.Text();
  for (const char* result :
       {"APPLIED", "MERGED", "CORRECTED", "ALREADY_APPLIED", "LATE", "OVER_WEIGHT", "CLOSED"}) {
    const std::string line = std::string("pointsman_feedback_total{result=\"") + result + "\"} 1\n";
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST_F(EngineMetricsTest, CountStorageErrorsOfTheEnginesBefore) {
  EXPECT_EQ(Value(EngineMetrics(*engine_, 100, 7), "pointsman_storage_errors_total", ""), 7);
}

TEST_F(EngineMetricsTest, LeaveOutARemovedArm) {
  ASSERT_TRUE(engine::Await<bool>([&](auto done) {
                engine_->RemoveArm("default", "beta", std::move(done));
              }).ok());
  EXPECT_EQ(Value(EngineMetrics(*engine_, 100), "pointsman_arm_decisions_total", "beta"), -1);
  EXPECT_EQ(Value(EngineMetrics(*engine_, 100), "pointsman_arm_decisions_total", "alpha"), 0);
}

TEST_F(EngineMetricsTest, CountTheLagOfFirstOutcomesInBuckets) {
  engine::RouteInput input;
  input.query = "a question";
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok());
  clock_.Advance(30 * kMicrosPerSecond);
  engine::FeedbackInput feedback;
  feedback.decision_id = output->decision_id;
  feedback.outcome.quality = 1;
  for (int i = 0; i < 2; ++i) {  // the second time it is already known
    ASSERT_TRUE(engine::Await<engine::FeedbackOutput>([&](auto done) {
                  engine_->Feedback(feedback, std::move(done));
                }).ok());
  }
  const auto stats = engine_->GetStats("default");
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->lag.counts[3], 1u);  // above 10 s, at most 60 s
  EXPECT_NEAR(stats->lag.sum_s, 30, 0.01);
}

}  // namespace
}  // namespace pointsman::service
