// What the tests of who can take a request share: putting arms, and who passed and who did not.
// Threads: one.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {

class EligibilityFixture : public tests::EngineFixture {
 protected:
  using Set = std::set<std::string>;

  void Put(const Arm& arm) {
    using PutOne = PutArmOutput;
    const auto put =
        Await<PutOne>([&](auto done) { engine_->PutArm("default", arm, std::move(done)); });
    ASSERT_TRUE(put.ok()) << put.status();
  }
  // All candidates of an explained request, by its ranking; empty if none passes.
  static Set CandidatesOf(const absl::StatusOr<RouteOutput>& output) {
    Set arms;
    if (!output.ok()) {
      EXPECT_EQ(ReasonOf(output.status()), reason::kNoArmPasses) << output.status();
      return arms;
    }
    for (const RankedArm& ranked : output->ranking) arms.insert(ranked.arm);
    return arms;
  }
  static std::string WhyNotOf(const absl::StatusOr<RouteOutput>& output, const std::string& arm) {
    EXPECT_TRUE(output.ok()) << output.status();
    if (!output.ok()) return "";
    for (const RejectedArm& rejected : output->not_candidates) {
      if (rejected.arm == arm) return rejected.reason;
    }
    return "";
  }
};

}  // namespace pointsman::engine
