// Route: docs/design/routing.md and docs/design/contract.md.
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "tests/support/engine_fixture.h"

namespace pointsman::engine {
namespace {

class Route : public tests::EngineFixture {};

TEST_F(Route, ChoosesUniformlyInAColdPoolWithoutDescriptionsAndSaysSo) {
  PoolSettings settings;
  settings.learner.description_weight = 0;
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
  MakePool(settings);
  const RouteOutput output = MustRoute("what is a prime number?");
  EXPECT_NEAR(output.propensity, 1.0 / 3, 1e-9);
  EXPECT_TRUE(output.logged);
  EXPECT_FALSE(output.embedder_fallback);
}

TEST_F(Route, DrawsArmsAsOftenAsItsPropensitiesSay) {
  for (int i = 0; i < 60; ++i) {
    const RouteOutput output = MustRoute("question " + std::to_string(i));
    ASSERT_TRUE(TellQuality(output.decision_id, output.arm == "alpha" ? 0.9 : 0.5).ok());
  }
  constexpr int kDraws = 4000;
  std::map<std::string, double> expected;
  std::map<std::string, int> drawn;
  for (int i = 0; i < kDraws; ++i) {
    RouteInput input;
    input.query = "the same question";
    input.explain = true;
    const auto output = engine_->Route(input);
    ASSERT_TRUE(output.ok());
    for (const RankedArm& arm : output->ranking) expected[arm.arm] = arm.probability * kDraws;
    ++drawn[output->arm];
  }
  double chi2 = 0;
  for (const auto& [arm, count] : expected) {
    chi2 += (drawn[arm] - count) * (drawn[arm] - count) / count;
  }
  EXPECT_LT(chi2, 13.8);  // 2 degrees of freedom, p = 0.001
}

TEST_F(Route, SeesFeedbackAcknowledgedBeforeIt) {
  const RouteOutput before = MustRoute("a question");
  const auto told = TellQuality(before.decision_id, 1);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(MustRoute("a question").snapshot_version, told->sequence);
  EXPECT_GT(told->sequence, before.snapshot_version);
}

TEST_F(Route, HonoursThePreferenceOfEachRequestOverOneState) {
  for (int i = 0; i < 300; ++i) {
    const RouteOutput output = MustRoute("question " + std::to_string(i));
    FeedbackInput input;
    input.decision_id = output.decision_id;
    input.outcome.quality = output.arm == "gamma" ? 0.9 : 0.6;
    input.outcome.output_tokens = 1000;
    ASSERT_TRUE(Tell(input).ok());
  }
  RouteInput input;
  input.query = "another question";
  input.mode = Mode::kGreedy;
  input.preference = Preference{1, 0, 0};
  EXPECT_EQ(engine_->Route(input)->arm, "gamma");
  // gamma costs 3 cents a call, 0.3 points better: at 0.9 points of quality a cent it is too dear.
  input.preference = Preference{0.5, 0.5, 0};
  EXPECT_NE(engine_->Route(input)->arm, "gamma");
}

TEST_F(Route, ReturnsTheRecordedDecisionForTheSameId) {
  const RouteOutput first = MustRoute("a question", "mine-1");
  const RouteOutput again = MustRoute("a question", "mine-1");
  EXPECT_EQ(first.arm, again.arm);
  EXPECT_EQ(first.propensity, again.propensity);
  EXPECT_EQ(engine_->GetStats("default")->decisions, 1u);

  RouteInput other;
  other.query = "another question";
  other.decision_id = "mine-1";
  const auto status = engine_->Route(other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(status), reason::kDecisionIdReused);
}

TEST_F(Route, GivesGreedyPropensityOne) {
  RouteInput input;
  input.query = "a question";
  input.mode = Mode::kGreedy;
  EXPECT_EQ(engine_->Route(input)->propensity, 1);
}

TEST_F(Route, GivesFurtherArmsWithoutRepeats) {
  for (const learners::Purpose purpose :
       {learners::Purpose::kFallback, learners::Purpose::kPanel}) {
    RouteInput input;
    input.query = "a question";
    input.arm_count = 3;
    input.purpose = purpose;
    const auto output = engine_->Route(input);
    ASSERT_TRUE(output.ok());
    std::set<std::string> arms{output->arm};
    for (const FurtherArm& further : output->further) arms.insert(further.arm);
    EXPECT_EQ(arms.size(), 3u);
  }
}

TEST_F(Route, LeavesOutArmsThatDoNotMeetConstraints) {
  const auto only = [&](const std::function<void(Constraints&)>& set) {
    std::set<std::string> arms;
    for (int i = 0; i < 40; ++i) {
      RouteInput input;
      input.query = "question " + std::to_string(i);
      set(input.constraints);
      const auto output = engine_->Route(input);
      EXPECT_TRUE(output.ok()) << output.status();
      if (output.ok()) arms.insert(output->arm);
    }
    return arms;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(only([](Constraints& c) { c.require_tags = {"exact"}; }), Set{"alpha"});
  EXPECT_EQ(only([](Constraints& c) { c.allow_arms = {"beta"}; }), Set{"beta"});
  EXPECT_EQ(only([](Constraints& c) { c.deny_arms = {"beta"}; }), (Set{"alpha", "gamma"}));
  EXPECT_EQ(only([](Constraints& c) { c.context_tokens = 2000; }), (Set{"alpha", "gamma"}));
  // beta has no price.
  EXPECT_EQ(only([](Constraints& c) { c.max_cost_usd = 0.01, c.allow_unknown = true; }),
            (Set{"alpha", "beta"}));
}

TEST_F(Route, SaysWhyEachArmFailsWhenNonePasses) {
  RouteInput input;
  input.query = "a question";
  input.constraints.require_tags = {"exact"};
  input.constraints.context_tokens = 2000;
  input.constraints.max_cost_usd = 0.0001;
  const auto status = engine_->Route(input).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), reason::kNoArmPasses);
  const std::string message(status.message());
  for (const char* part : {"alpha: expected cost", "beta: lacks tag", "gamma: lacks tag"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST_F(Route, LeavesPausedAndRemovedArmsOut) {
  Arm paused = tests::ThreeArms()[0];
  paused.status = ArmStatus::kPaused;
  using Put = PutArmOutput;
  ASSERT_TRUE(
      Await<Put>([&](auto done) { engine_->PutArm("default", paused, std::move(done)); }).ok());
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "beta", std::move(done)); }).ok());
  for (int i = 0; i < 30; ++i) EXPECT_EQ(MustRoute("question " + std::to_string(i)).arm, "gamma");

  ASSERT_TRUE(Await<bool>([&](auto done) {
                engine_->RemoveArm("default", "gamma", std::move(done));
              }).ok());
  RouteInput input;
  input.query = "a question";
  EXPECT_EQ(ReasonOf(engine_->Route(input).status()), reason::kPoolEmpty);
}

TEST_F(Route, FindsAnArmThatComesBackAsItWas) {
  // Some outcomes of beta, and one more that is told when it is gone.
  std::string open;
  for (int i = 0; i < 60; ++i) {
    const RouteOutput answer = MustRoute("question " + std::to_string(i));
    if (answer.arm != "beta") continue;
    if (!open.empty()) {
      ASSERT_TRUE(TellQuality(open, 0.75).ok());
    }
    open = answer.decision_id;
  }
  ASSERT_FALSE(open.empty());
  const uint64_t outcomes = OutcomesOf("beta");
  ASSERT_GT(outcomes, 0u);

  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "beta", std::move(done)); }).ok());
  ASSERT_TRUE(TellQuality(open, 0.75).ok());
  using Put = PutArmOutput;
  const auto back = Await<Put>(
      [&](auto done) { engine_->PutArm("default", tests::ThreeArms()[1], std::move(done)); });

  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->is_new) << "it was made anew, as far as the caller can tell";
  EXPECT_EQ(OutcomesOf("beta"), outcomes + 1);
}

TEST_F(Route, RefusesBadInputWithTheFieldsName) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto fnan = static_cast<float>(nan);
  struct Bad {
    const char* field;
    std::function<void(RouteInput&)> spoil;
  };
  const Bad bad[] = {
      {"query", [](RouteInput& in) { in.query.clear(); }},
      {"query", [](RouteInput& in) { in.query = "broken \xff"; }},
      {"embedding", [](RouteInput& in) { in.embedding = {1}; }},
      {"embedding",
       [](RouteInput& in) {
         in.query.clear(), in.embedding = {1, 2, 3};
       }},
      {"embedding", [&](RouteInput& in) { in.query.clear(), in.embedding.assign(64, fnan); }},
      {"embedding", [](RouteInput& in) { in.query.clear(), in.embedding.assign(64, 0); }},
      {"preference",
       [](RouteInput& in) {
         in.preference = Preference{0, 0, 0};
       }},
      {"preference",
       [](RouteInput& in) {
         in.preference = Preference{1, -1, 0};
       }},
      {"preference",
       [&](RouteInput& in) {
         in.preference = Preference{nan, 1, 0};
       }},
      {"features",
       [&](RouteInput& in) {
         in.features = {{"entropy", nan}};
       }},
      {"constraints.allow_arms", [](RouteInput& in) { in.constraints.allow_arms = {"delta"}; }},
      {"constraints.max_cost_usd", [&](RouteInput& in) { in.constraints.max_cost_usd = nan; }},
      {"arm_count", [](RouteInput& in) { in.arm_count = 1000; }},
      {"decision_id", [](RouteInput& in) { in.decision_id = std::string(1000, 'x'); }},
  };
  for (const Bad& row : bad) {
    RouteInput input;
    input.query = "a question";
    row.spoil(input);
    const auto status = engine_->Route(input).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.field << ": " << status;
    EXPECT_EQ(FieldOf(status), row.field) << status;
  }
  RouteInput unknown;
  unknown.pool = "nobody";
  unknown.query = "a question";
  EXPECT_EQ(ReasonOf(engine_->Route(unknown).status()), reason::kPoolUnknown);
}

TEST_F(Route, TakesDeclaredFeaturesIntoTheContext) {
  PoolSettings settings;
  settings.features = {{"entropy", 2.0, 1.0, 0.5}};
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
  MakePool(settings);
  RouteInput input;
  input.query = "a question";
  input.features = {{"entropy", 3.0}};
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok()) << output.status();
  const auto explained = engine_->Explain("default", output->decision_id);
  ASSERT_TRUE(explained.ok());
  ASSERT_EQ(explained->decision.context.size(), 65u);
  EXPECT_FLOAT_EQ(explained->decision.context[64], 0.5f);  // (3 - 2) / 1 * 0.5
}

TEST_F(Route, FindsTheFewArmsThatMeetABudgetInALargePool) {
  std::vector<Arm> arms(300);
  for (std::size_t i = 0; i < arms.size(); ++i) {
    arms[i].name = "tool-" + std::to_string(i);
    arms[i].description = "does thing number " + std::to_string(i);
    arms[i].usd_per_1m_input = 1;
    arms[i].usd_per_1m_output = i >= 298 ? 1 : 1000;
    arms[i].prior_output_tokens = 1000;
  }
  using Made = PutPoolOutput;
  ASSERT_TRUE(Await<Made>([&](auto done) {
                engine_->PutPool(
                    "tools", [](const PoolSettings& s) { return s; }, arms, true, std::move(done));
              }).ok());
  RouteInput input;
  input.pool = "tools";
  input.query = "thing number 7";
  input.constraints.max_cost_usd = 0.01;
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_TRUE(output->arm == "tool-298" || output->arm == "tool-299") << output->arm;
}

TEST_F(Route, CountsAnArmOnceThatIsAllowedTwice) {
  RouteInput input;
  input.query = "a question";
  input.constraints.allow_arms = {"alpha", "alpha", "beta"};
  input.explain = true;
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->ranking.size(), 2u);
  EXPECT_NEAR(output->ranking[0].probability + output->ranking[1].probability, 1, 1e-9);
}

TEST_F(Route, DecidesABatchOverOneSnapshotWithEachItemsOwnStatus) {
  std::vector<RouteInput> inputs(3);
  inputs[0].query = "one";
  inputs[2].query = "three";
  const auto outputs = engine_->RouteBatch(inputs);
  ASSERT_EQ(outputs.size(), 3u);
  ASSERT_TRUE(outputs[0].ok() && outputs[2].ok());
  EXPECT_EQ(FieldOf(outputs[1].status()), "query");
  EXPECT_EQ(outputs[0]->snapshot_version, outputs[2]->snapshot_version);
}

TEST_F(Route, ShortlistsTheArmsNearestByDescriptionInALargePool) {
  std::vector<Arm> arms;
  for (int i = 0; i < 300; ++i) {
    Arm arm;
    arm.name = "tool-" + std::to_string(i);
    arm.description = "does thing number " + std::to_string(i) + " with widgets";
    arms.push_back(arm);
  }
  arms[123].description = "translates sentences between french and german";
  using Made = PutPoolOutput;
  ASSERT_TRUE(Await<Made>([&](auto done) {
                engine_->PutPool(
                    "tools", [](const PoolSettings& s) { return s; }, arms, true, std::move(done));
              }).ok());
  RouteInput input;
  input.pool = "tools";
  input.query = "please translate these sentences between french and german";
  input.explain = true;
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_LE(output->ranking.size(), 64u + 16 + 4);
  bool is_there = false;
  for (const RankedArm& arm : output->ranking) is_there |= arm.arm == "tool-123";
  EXPECT_TRUE(is_there);
}

TEST_F(Route, KeepsWhatAPoolLearnedAmongItsCandidatesWhenItOutgrowsItsShortlist) {
  PoolSettings settings;
  settings.shortlist_size = 4;
  settings.neighbours = 0;  // so that only the favourites can bring the arm in
  std::vector<Arm> arms(4);
  for (std::size_t i = 0; i < arms.size(); ++i) arms[i].name = "early-" + std::to_string(i);
  using Made = PutPoolOutput;
  const auto put = [&] {
    return Await<Made>([&](auto done) {
      engine_->PutPool(
          "tools", [&](const PoolSettings&) { return settings; }, arms, false, std::move(done));
    });
  };
  ASSERT_TRUE(put().ok());
  RouteInput input;
  input.pool = "tools";
  input.query = "late number 7";
  input.constraints.allow_arms = {"early-2"};
  FeedbackInput feedback;
  feedback.pool = "tools";
  feedback.outcome.quality = 1;
  for (int i = 0; i < 3; ++i) {
    const auto routed = engine_->Route(input);
    ASSERT_TRUE(routed.ok()) << routed.status();
    feedback.decision_id = routed->decision_id;
    ASSERT_TRUE(Tell(feedback).ok());
  }

  arms.assign(200, Arm{});
  for (std::size_t i = 0; i < arms.size(); ++i) {
    arms[i].name = "late-" + std::to_string(i);
    arms[i].description = "late number " + std::to_string(i);
  }
  ASSERT_TRUE(put().ok());
  input.constraints = {};
  input.explain = true;
  for (int i = 0; i < 20; ++i) {
    const auto routed = engine_->Route(input);
    ASSERT_TRUE(routed.ok()) << routed.status();
    EXPECT_LT(routed->ranking.size(), 30u);
    const bool has_it = std::any_of(routed->ranking.begin(), routed->ranking.end(),
                                    [](const RankedArm& arm) { return arm.arm == "early-2"; });
    EXPECT_TRUE(has_it) << "decision " << i;
  }
}

}  // namespace
}  // namespace pointsman::engine
