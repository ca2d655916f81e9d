// The fixture of the outcome rules' tests: the real engine, whose arms behave as a test says.
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/engine_fixture.h"

namespace pointsman::engine {

// What an arm's calls do, by the number of the call.
using Behaviour = std::function<Outcome(int call)>;

inline Outcome Answer(double quality, double latency_ms) {
  Outcome o;
  o.quality = quality;
  o.latency_ms = latency_ms;
  return o;
}
inline Outcome Error(std::optional<double> latency_ms = {}) {
  Outcome o;
  o.error = true;
  o.latency_ms = latency_ms;
  return o;
}

class OutcomeRules : public tests::EngineFixture {
 protected:
  void SetUp() override { OpenWith(storage::OpenMemoryStorage(tests::kTestSecret)); }

  void Pool(std::vector<Arm> arms, PoolSettings settings = {}) {
    using Made = PutPoolOutput;
    const auto made = Await<Made>([&](auto done) {
      engine_->PutPool(
          "default", [=](const PoolSettings&) { return settings; }, arms, true, std::move(done));
    });
    ASSERT_TRUE(made.ok()) << made.status();
  }
  static Arm Named(const std::string& name) {
    Arm arm;
    arm.name = name;
    return arm;
  }

  // Plays rounds of one query; how often each arm was called, from `counted_from` on.
  std::map<std::string, int> Play(int rounds, const Preference& preference,
                                  const std::map<std::string, Behaviour>& arms,
                                  int counted_from = 0) {
    std::map<std::string, int> counts;
    for (int i = 0; i < rounds; ++i) {
      RouteInput input;
      input.query = "how are you";
      input.preference = preference;
      const auto output = engine_->Route(input);
      if (!output.ok()) {
        ADD_FAILURE() << output.status();
        return counts;
      }
      clock_.Advance(kMicrosPerSecond);
      FeedbackInput feedback;
      feedback.decision_id = output->decision_id;
      feedback.outcome = arms.at(output->arm)(calls_[output->arm]++);
      EXPECT_TRUE(Tell(feedback).ok());
      if (i >= counted_from) ++counts[output->arm];
    }
    return counts;
  }

  std::map<std::string, ArmExpectation> Expected(const std::string& query = "how are you") {
    RouteInput input;
    input.query = query;
    input.explain = true;
    input.mode = Mode::kGreedy;
    const auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    std::map<std::string, ArmExpectation> expected;
    if (!output.ok()) return expected;
    for (const RankedArm& arm : output->ranking) expected[arm.arm] = arm.expected;
    return expected;
  }
  ArmStatistics StatsOf(const std::string& name) {
    for (ArmStatistics& arm : Stats().arms) {
      if (arm.name == name) return arm;
    }
    ADD_FAILURE() << name;
    return {};
  }
  // A decision for the arm, by constraint.
  std::string DecisionOf(const std::string& arm, const std::string& query = "how are you") {
    RouteInput input;
    input.query = query;
    input.constraints.allow_arms = {arm};
    const auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? output->decision_id : "";
  }
  absl::StatusOr<FeedbackOutput> TellOf(const std::string& decision, Outcome outcome) {
    FeedbackInput input;
    input.decision_id = decision;
    input.outcome = std::move(outcome);
    return Tell(input);
  }

  std::map<std::string, int> calls_;
};

}  // namespace pointsman::engine
