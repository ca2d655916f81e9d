// Every arm that could not be chosen is named with its reason: in the error if none is left, and in an
// explained answer.
#include <functional>
#include <map>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

using Reasons = std::map<std::string, std::string>;

class NotCandidates : public tests::EngineFixture {
 protected:
  void PutAll(const std::vector<Arm>& arms, const std::string& pool = "default",
              uint32_t shortlist_size = 64) {
    using Made = PutPoolOutput;
    const auto made = Await<Made>([&](auto done) {
      engine_->PutPool(
          pool,
          [=](const PoolSettings& present) {
            PoolSettings settings = present;
            settings.shortlist_size = shortlist_size;
            return settings;
          },
          arms, false, std::move(done));
    });
    ASSERT_TRUE(made.ok()) << made.status();
  }
  static std::vector<Arm> Many(std::size_t count) {
    std::vector<Arm> arms(count);
    for (std::size_t i = 0; i < count; ++i) arms[i].name = "tool-" + std::to_string(i);
    return arms;
  }
  void Pause(Arm arm) {
    arm.status = ArmStatus::kPaused;
    PutAll({arm});
  }
  absl::StatusOr<RouteOutput> Ask(const std::function<void(RouteInput&)>& set) {
    RouteInput input;
    input.query = "a question";
    input.explain = true;
    set(input);
    return engine_->Route(input);
  }
  static Reasons ReasonsOf(const RouteOutput& output) {
    Reasons reasons;
    for (const RejectedArm& arm : output.not_candidates) reasons[arm.arm] = arm.reason;
    return reasons;
  }
};

TEST_F(NotCandidates, AreExplainedEachWithItsReason) {
  Pause(tests::ThreeArms()[2]);
  const struct {
    const char* name;
    std::function<void(RouteInput&)> set;
    Reasons reasons;
  } rows[] = {
      {"nothing asked", [](RouteInput&) {}, {{"gamma", "paused"}}},
      {"denied",
       [](RouteInput& in) { in.constraints.deny_arms = {"beta"}; },
       {{"beta", "in deny_arms"}, {"gamma", "paused"}}},
      {"allowed",
       [](RouteInput& in) {
         in.constraints.allow_arms = {"alpha", "gamma"};
       },
       {{"beta", "not in allow_arms"}, {"gamma", "paused"}}},
      {"tagged",
       [](RouteInput& in) { in.constraints.require_tags = {"exact"}; },
       {{"beta", "lacks tag \"exact\""}, {"gamma", "paused"}}},
  };
  for (const auto& row : rows) {
    const auto output = Ask(row.set);
    ASSERT_TRUE(output.ok()) << row.name << ": " << output.status();
    EXPECT_EQ(ReasonsOf(*output), row.reasons) << row.name;
  }
}

TEST_F(NotCandidates, AreNotToldUnlessAskedFor) {
  Pause(tests::ThreeArms()[2]);
  EXPECT_TRUE(MustRoute("a question").not_candidates.empty());
}

TEST_F(NotCandidates, LeaveOutWhatWasRemoved) {
  ASSERT_TRUE(Await<bool>([&](auto done) {
                engine_->RemoveArm("default", "gamma", std::move(done));
              }).ok());
  const auto output = Ask([](RouteInput&) {});
  ASSERT_TRUE(output.ok());
  EXPECT_TRUE(output->not_candidates.empty());
}

TEST_F(NotCandidates, AreAllInTheErrorIfNoneIsLeft) {
  Pause(tests::ThreeArms()[2]);
  const auto status = Ask([](RouteInput& in) {
                        in.constraints.allow_arms = {"beta", "gamma"};
                        in.constraints.context_tokens = 2000;
                      }).status();
  EXPECT_EQ(ReasonOf(status), reason::kNoArmPasses);
  for (const char* part :
       {"alpha: not in allow_arms", "beta: context window of 1000 tokens", "gamma: paused"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
  }
}

TEST_F(NotCandidates, AreNamedWhereAllArePaused) {
  for (const Arm& arm : tests::ThreeArms()) Pause(arm);
  const auto status = Ask([](RouteInput&) {}).status();
  EXPECT_EQ(ReasonOf(status), reason::kPoolEmpty);
  for (const char* part : {"alpha: paused", "beta: paused", "gamma: paused"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
  }
}

TEST_F(NotCandidates, InAnErrorFillItsBytesAndAreCountedBeyond) {
  std::vector<Arm> arms = Many(2000);
  for (Arm& arm : arms) arm.name += std::string(100, 'x');
  PutAll(arms, "tools", 4096);
  const auto status = Ask([](RouteInput& in) {
                        in.pool = "tools", in.constraints.require_tags = {std::string(128, 't')};
                      }).status();
  EXPECT_EQ(ReasonOf(status), reason::kNoArmPasses);
  EXPECT_LT(status.message().size(), 1300u);
  const std::string message(status.message());
  const auto more = message.rfind("; and ");
  ASSERT_NE(more, std::string::npos) << message;
  std::size_t named = 0;
  for (std::size_t at = 0; (at = message.find("lacks tag", at)) != std::string::npos; ++at) ++named;
  EXPECT_EQ(static_cast<std::size_t>(std::stoi(message.substr(more + 6))) + named, 2000u);
}

TEST_F(NotCandidates, OfALargePoolSayThatTheyWereNotInTheShortlist) {
  PutAll(Many(300), "tools", 16);
  const auto output = Ask([](RouteInput& in) {
    in.pool = "tools", in.constraints.deny_arms = {"tool-3", "tool-4"};
  });
  ASSERT_TRUE(output.ok()) << output.status();
  const Reasons reasons = ReasonsOf(*output);
  EXPECT_EQ(reasons.size() + output->ranking.size(), 300u);
  EXPECT_EQ(reasons.at("tool-3"), "in deny_arms");
  EXPECT_EQ(output->not_candidates[1].arm, "tool-4") << "those that do not pass come first";
  EXPECT_EQ(output->not_candidates[2].reason, "not in the shortlist");
  for (const RankedArm& ranked : output->ranking) EXPECT_FALSE(reasons.contains(ranked.arm));
}

TEST_F(NotCandidates, AreAtMostAThousandAndCountTheRest) {
  std::vector<Arm> arms = Many(3000);
  for (std::size_t i = 0; i < 1500; ++i) arms[i].tags = {"slow"};
  PutAll(arms, "tools", 16);
  const auto all = Ask([](RouteInput& in) { in.pool = "tools"; });
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->not_candidates.size(), 1u);
  EXPECT_EQ(all->not_candidates[0].reason,
            std::to_string(3000 - all->ranking.size()) +
                " arms pass the constraints but were not in the shortlist");
  const auto slow =
      Ask([](RouteInput& in) { in.pool = "tools", in.constraints.require_tags = {"slow"}; });
  ASSERT_TRUE(slow.ok()) << slow.status();
  ASSERT_EQ(slow->not_candidates.size(), 1000u);
  EXPECT_EQ(slow->not_candidates[997].reason, "lacks tag \"slow\"");
  EXPECT_EQ(slow->not_candidates[998].reason, "502 more arms do not pass");
  EXPECT_EQ(slow->not_candidates[999].reason,
            std::to_string(1500 - slow->ranking.size()) +
                " arms pass the constraints but were not in the shortlist");
}

}  // namespace
}  // namespace pointsman::engine
