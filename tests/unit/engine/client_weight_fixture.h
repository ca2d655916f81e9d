// An engine whose pool bounds what a client's feedback counts for, and words to play with it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {

using MadePool = PutPoolOutput;
inline constexpr Micros kMinute = 60 * kMicrosPerSecond;
inline constexpr FeedbackResult kOver = FeedbackResult::kOverWeight;

inline PoolSettings Bound(double per_hour, const std::string& quality_model = "hybrid") {
  PoolSettings settings;
  settings.client_weight_per_hour = per_hour;
  settings.learner.quality_model = quality_model;
  settings.learner.forget_outcomes = 0;  // so that levels are sums
  return settings;
}

class ClientWeight : public tests::EngineFixture {
 protected:
  void SetUp() override { OpenWith(storage::OpenMemoryStorage(tests::kTestSecret)); }

  void OpenAnew(const PoolSettings& settings) {
    OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
    MakePool(settings);
  }
  void OpenFolder() {
    engine_.reset();
    auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    EngineOptions options = Inline();
    options.limits.snapshot_every_events = 40;
    OpenWith(*std::move(storage), options);
  }
  absl::StatusOr<MadePool> Change(const std::function<void(PoolSettings&)>& change) {
    return Await<MadePool>([&](auto done) {
      engine_->PutPool(
          "default",
          [change](PoolSettings settings) -> absl::StatusOr<PoolSettings> {
            change(settings);
            return settings;
          },
          {}, false, std::move(done));
    });
  }

  // A decision for this arm.
  std::string Decide(const std::string& arm = "alpha") {
    RouteInput input;
    input.query = "question " + std::to_string(++decided_ % 50);
    input.constraints.allow_arms = {arm};
    input.decision_id = "d" + std::to_string(decided_);
    const auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? output->decision_id : "";
  }
  FeedbackResult Say(const std::string& client, const std::string& decision, Outcome outcome) {
    FeedbackInput input;
    input.client = client;
    input.decision_id = decision;
    input.feedback_id = "f" + std::to_string(++told_);
    input.outcome = outcome;
    const auto told = Tell(input);
    EXPECT_TRUE(told.ok()) << told.status();
    return told.ok() ? told->result : FeedbackResult{};
  }
  FeedbackResult Rate(const std::string& client, const std::string& decision, double quality) {
    Outcome outcome;
    outcome.quality = quality;
    return Say(client, decision, outcome);
  }

  learners::ArmFigures FiguresOf(const std::string& name) {
    for (const ArmStatistics& arm : Stats().arms) {
      if (arm.name == name) return arm.figures;
    }
    ADD_FAILURE() << "no arm " << name;
    return {};
  }
  std::vector<LoggedOutcome> Logged() {
    const auto page = engine_->ReadOutcomes("default", 1, 100000);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->outcomes : std::vector<LoggedOutcome>{};
  }
  double QualityOf(const std::string& decision) {
    const auto explained = engine_->Explain("default", decision);
    EXPECT_TRUE(explained.ok() && explained->outcomes.size() == 1);
    return explained->outcomes.at(0).second.quality.value_or(-1);
  }

  // Outcomes of as many honest clients, then one liar's.
  void Play(int honest, int lies, Micros pause) {
    for (int i = 0; i < honest; ++i) {
      const std::string client = "honest " + std::to_string(i);
      ASSERT_EQ(Rate(client, Decide(), i % 5 == 0 ? 0.5 : 1), FeedbackResult::kApplied);
    }
    for (int i = 0; i < lies; ++i) {
      Rate("liar", Decide(), 0);
      clock_.Advance(pause);
    }
  }
  void ExpectSame(const learners::ArmFigures& a, const learners::ArmFigures& b,
                  const std::string& what) {
    EXPECT_EQ(a.outcomes, b.outcomes) << what;
    EXPECT_EQ(a.tracker.quality, b.tracker.quality) << what;
    EXPECT_EQ(a.tracker.quality_weight, b.tracker.quality_weight) << what;
    EXPECT_EQ(a.level.mean, b.level.mean) << what;
    EXPECT_EQ(a.level.stddev, b.level.stddev) << what;
  }

  tests::TestFolder folder_;
  int decided_ = 0;
  int told_ = 0;
};

}  // namespace pointsman::engine
