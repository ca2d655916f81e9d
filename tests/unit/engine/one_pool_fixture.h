// An engine fixture that plays with one pool of its own: puts its arms, asks with an explanation, and rates.
// Threads: one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {

class OnePoolFixture : public tests::EngineFixture {
 protected:
  explicit OnePoolFixture(std::string pool) : pool_(std::move(pool)) {}

  void PutAll(const std::vector<Arm>& arms, const PoolSettings& settings) {
    const auto made = Await<PutPoolOutput>([&](auto done) {
      engine_->PutPool(
          pool_, [&](const PoolSettings&) { return settings; }, arms, false, std::move(done));
    });
    ASSERT_TRUE(made.ok()) << made.status();
  }
  RouteOutput Ask(RouteInput input) {
    input.pool = pool_;
    input.explain = true;
    auto output = engine_->Route(input);
    EXPECT_TRUE(output.ok()) << output.status();
    return output.ok() ? *output : RouteOutput{};
  }
  void Rate(const RouteOutput& output, double quality) {
    FeedbackInput feedback;
    feedback.pool = pool_;
    feedback.decision_id = output.decision_id;
    feedback.outcome.quality = quality;
    ASSERT_TRUE(Tell(feedback).ok());
  }

 private:
  const std::string pool_;
};

}  // namespace pointsman::engine
