// An engine in this process, with a clock that stands still and three arms that are good at different
// subjects.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "storage/api/storage.h"

namespace pointsman::tests {

constexpr SipKey kTestSecret{0x1234, 0x5678};
constexpr Micros kTestStart = 1'700'000'000 * kMicrosPerSecond;

inline std::vector<Arm> ThreeArms() {
  std::vector<Arm> arms(3);
  arms[0].name = "alpha";
  arms[0].description = "mathematics and physics";
  arms[0].tags = {"exact"};
  arms[0].usd_per_1m_input = 1;
  arms[0].usd_per_1m_output = 2;
  arms[0].prior_output_tokens = 1000;
  arms[1].name = "beta";
  arms[1].description = "history and law";
  arms[1].context_tokens_max = 1000;
  arms[2].name = "gamma";
  arms[2].usd_per_1m_input = 10;
  arms[2].usd_per_1m_output = 30;
  arms[2].prior_output_tokens = 1000;
  return arms;
}

class EngineFixture : public ::testing::Test {
 protected:
  static engine::EngineOptions Inline() {
    engine::EngineOptions options;
    options.writing = engine::Writing::kInline;
    options.building = retrieval::Building::kInline;
    return options;
  }

  void OpenWith(storage::Storage storage, engine::EngineOptions options = Inline()) {
    auto opened = engine::Engine::Open(options, std::move(storage), clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
  }

  void MakePool(PoolSettings settings = {}) {
    using Made = engine::PutPoolOutput;
    const auto made = engine::Await<Made>([&](auto done) {
      engine_->PutPool(
          "default", [=](const PoolSettings&) { return settings; }, ThreeArms(), true,
          std::move(done));
    });
    ASSERT_TRUE(made.ok()) << made.status();
  }

  void SetUp() override {
    OpenWith(storage::OpenMemoryStorage(kTestSecret));
    MakePool();
  }

  engine::RouteOutput MustRoute(const std::string& query, const std::string& id = "") {
    engine::RouteInput input;
    input.query = query;
    input.decision_id = id;
    auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? *output : engine::RouteOutput{};
  }

  absl::StatusOr<engine::FeedbackOutput> Tell(engine::FeedbackInput input) {
    return engine::Await<engine::FeedbackOutput>(
        [&](auto done) { engine_->Feedback(std::move(input), std::move(done)); });
  }
  absl::StatusOr<engine::FeedbackOutput> TellQuality(const std::string& decision, double quality,
                                                     const std::string& feedback_id = "") {
    engine::FeedbackInput input;
    input.decision_id = decision;
    input.feedback_id = feedback_id;
    input.outcome.quality = quality;
    return Tell(input);
  }

  engine::PoolStatistics Stats() {
    auto stats = engine_->GetStats("default");
    EXPECT_TRUE(stats.ok()) << stats.status();
    return stats.ok() ? *std::move(stats) : engine::PoolStatistics{};
  }
  uint64_t StateChecksumNow() {
    const auto checksum = engine_->StateChecksum("default");
    EXPECT_TRUE(checksum.ok()) << checksum.status();
    return checksum.value_or(0);
  }
  uint64_t OutcomesOf(const std::string& arm) {
    const engine::PoolStatistics stats = Stats();
    for (const engine::ArmStatistics& a : stats.arms) {
      if (a.name == arm) return a.figures.outcomes;
    }
    ADD_FAILURE() << "no arm " << arm;
    return 0;
  }

  ManualClock clock_{kTestStart};
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace pointsman::tests
