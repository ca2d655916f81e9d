// The control group, what is compared with it, and other policies, through the real engine.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/rng.h"
#include "engine/inspect/compare_policies.h"
#include "one_pool_fixture.h"

namespace pointsman::engine {
namespace {

const std::map<std::string, double> kTruth = {{"good", 0.8}, {"fair", 0.5}, {"poor", 0.2}};
const std::map<std::string, double> kCost = {{"good", 0.004}, {"fair", 0.002}, {"poor", 0.001}};

class ControlGroup : public OnePoolFixture {
 protected:
  ControlGroup() : OnePoolFixture("group") {}

  void Make(const PoolSettings& settings) {
    std::vector<Arm> arms;
    for (const auto& [name, quality] : kTruth) {
      Arm arm;
      arm.name = name;
      arm.usd_per_request = kCost.at(name);
      arms.push_back(arm);
    }
    PutAll(arms, settings);
  }

  void MakeGroup(double share, const std::string& baseline) {
    PoolSettings settings;
    settings.holdout_share = share;
    settings.holdout_arm = baseline;
    Make(settings);
  }

  // Rounds whose outcome follows from the arm; of a share `silent` of them nothing is reported.
  void Play(int rounds, double silent = 0, const std::function<void(RouteInput&)>& edit = nullptr) {
    Rng rng(21);
    for (int i = 0; i < rounds; ++i) {
      clock_.Advance(kMicrosPerSecond);
      RouteInput input;
      input.query = "question number " + std::to_string(i);
      if (edit) edit(input);
      const RouteOutput output = Ask(input);
      ++groups_[output.group];
      if (output.group == Group::kControl) ++control_arms_[output.arm];
      const bool is_good = rng.Uniform() < kTruth.at(output.arm);
      if (rng.Uniform() < silent) continue;
      FeedbackInput feedback;
      feedback.pool = "group";
      feedback.decision_id = output.decision_id;
      feedback.outcome.quality = is_good ? 1 : 0;
      feedback.outcome.cost_usd = kCost.at(output.arm);
      ASSERT_TRUE(Tell(feedback).ok());
    }
  }

  absl::StatusOr<PolicyComparison> Compare(PolicyQuestion question) {
    return Await<PolicyComparison>([&](auto done) {
      engine_->ComparePolicies("group", std::move(question), std::move(done));
    });
  }

  std::map<Group, int> groups_;
  std::map<std::string, int> control_arms_;
};

Policy Always(const std::string& arm) { return {Policy::Kind::kArm, arm, {}}; }
Policy Uniform() { return {Policy::Kind::kUniform, "", {}}; }

TEST_F(ControlGroup, IsAShareOfTheDecisionsThatTheBaselineMakes) {
  MakeGroup(0.2, "fair");
  Play(2000);
  EXPECT_EQ(groups_[Group::kNone], 0);
  EXPECT_NEAR(groups_[Group::kControl], 400, 4.5 * std::sqrt(2000 * 0.2 * 0.8));
  EXPECT_EQ(control_arms_["fair"], groups_[Group::kControl]);
}

TEST_F(ControlGroup, HasAnyCandidateWithoutABaseline) {
  MakeGroup(0.3, "");
  Play(1500);
  for (const auto& [arm, truth] : kTruth) {
    EXPECT_NEAR(control_arms_[arm], groups_[Group::kControl] / 3.0, 60) << arm;
  }
}

TEST_F(ControlGroup, IsInThePropensity) {
  MakeGroup(0.2, "poor");
  Play(600);
  // The pool has learned to avoid the baseline, so nearly all of its chance is the group's.
  RouteInput input;
  input.query = "question";
  const RouteOutput output = Ask(input);
  double sum = 0;
  for (const RankedArm& arm : output.ranking) {
    sum += arm.probability;
    if (arm.arm == "poor") {
      EXPECT_GE(arm.probability, 0.2);
      EXPECT_LT(arm.probability, 0.25);
    }
  }
  EXPECT_NEAR(sum, 1, 1e-12);
}

TEST_F(ControlGroup, IsNoneWhereTheBaselineCannotServeOrNothingIsDrawn) {
  MakeGroup(0.5, "fair");
  Play(40, 0, [](RouteInput& input) { input.constraints.deny_arms = {"fair"}; });
  Play(40, 0, [](RouteInput& input) { input.mode = Mode::kGreedy; });
  EXPECT_EQ(groups_[Group::kNone], 80);
}

TEST_F(ControlGroup, NotesABaselineThatIsNoArm) {
  const auto made = Await<PutPoolOutput>([&](auto done) {
    engine_->PutPool(
        "other",
        [](const PoolSettings& present) {
          PoolSettings settings = present;
          settings.holdout_share = 0.1;
          settings.holdout_arm = "nobody";
          return settings;
        },
        tests::ThreeArms(), true, std::move(done));
  });
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_TRUE(std::any_of(made->notes.begin(), made->notes.end(), [](const std::string& note) {
    return note.starts_with("settings.holdout_arm: ") && note.find("nobody") != std::string::npos;
  }));
}

TEST_F(ControlGroup, ShowsWhatThePoolEarnsOverTheBaseline) {
  MakeGroup(0.3, "poor");
  Play(3000);
  const auto compared = Compare({.cost_cap_usd = 0.004});
  ASSERT_TRUE(compared.ok()) << compared.status();
  ASSERT_TRUE(compared->groups.has_value());
  const GroupComparison& groups = *compared->groups;
  EXPECT_EQ(groups.control.decisions, static_cast<uint64_t>(groups_[Group::kControl]));
  EXPECT_EQ(groups.treated.decisions, static_cast<uint64_t>(groups_[Group::kTreated]));
  EXPECT_NEAR(groups.control.quality.sum / static_cast<double>(groups.control.quality.count), 0.2,
              0.06);
  EXPECT_NEAR(groups.control.cost_usd.sum / static_cast<double>(groups.control.cost_usd.count),
              0.001, 1e-9);
  // About 0.8 - 0.2 more, at 0.003 USD more.
  EXPECT_GT(groups.quality_gain.lower, 0.4);
  EXPECT_LT(groups.quality_gain.upper, 0.75);
  EXPECT_LT(groups.saved_usd.upper, -0.001);
  EXPECT_GT(groups.saved_usd.lower, -0.004);
}

// Quality falls while the share changes: were the two periods put together, the pool would seem to be the cause.
TEST_F(ControlGroup, IsComparedUnderOneShareAndOneBaselineOnly) {
  MakeGroup(0.5, "fair");
  Play(200);
  const int before = groups_[Group::kControl] + groups_[Group::kTreated];
  MakeGroup(0.1, "fair");
  const Micros changed = clock_.Now();
  Play(150);
  auto compared = Compare({});
  ASSERT_TRUE(compared.ok() && compared->groups) << compared.status();
  EXPECT_EQ(compared->decisions, 350u);
  EXPECT_EQ(compared->groups->treated.decisions + compared->groups->control.decisions, 150u);
  EXPECT_EQ(compared->groups->holdout_share, 0.1);
  EXPECT_EQ(compared->groups->holdout_arm, "fair");
  EXPECT_GT(compared->groups->first, changed);
  MakeGroup(0.1, "");
  Play(50);
  compared = Compare({});
  ASSERT_TRUE(compared.ok() && compared->groups) << compared.status();
  EXPECT_EQ(compared->groups->treated.decisions + compared->groups->control.decisions, 50u);
  EXPECT_EQ(compared->groups->holdout_arm, "");
  EXPECT_EQ(before, 200);
}

// An arm that was not there yet earned nothing then, and is not to be blamed for it.
TEST_F(ControlGroup, ComparesAnArmWhereItWasACandidate) {
  PoolSettings settings;
  settings.shortlist_size = 2;
  settings.learner.exploration_floor = 0.5;
  Make(settings);
  Play(400);
  const auto compared = Compare({.policies = {Always("good")}});
  ASSERT_TRUE(compared.ok()) << compared.status();
  const PolicyResult& good = compared->results[1];
  EXPECT_EQ(good.left_out + good.quality.outcomes, 400u);
  EXPECT_NEAR(good.quality.dr, 0.8, 4.5 * good.quality.dr_stderr);
}

TEST_F(ControlGroup, IsNoExplorationOfThePool) {
  PoolSettings settings;
  settings.holdout_share = 0.5;
  settings.holdout_arm = "poor";
  settings.learner.exploration = "greedy";
  settings.learner.exploration_floor = 0;
  Make(settings);
  Play(300);
  const auto history = engine_->GetHistory("group", 3600 * kMicrosPerSecond);
  ASSERT_TRUE(history.ok()) << history.status();
  uint64_t explored = 0;
  for (const HistoryBucket& bucket : history->buckets) explored += bucket.explored;
  EXPECT_EQ(explored, 0u);
}

TEST_F(ControlGroup, ComparesPoliciesWithWhatTheyWouldHaveEarned) {
  PoolSettings settings;
  settings.learner.exploration_floor = 0.3;
  Make(settings);
  Play(4000);
  PolicyQuestion question;
  question.policies = {Always("good"),
                       Always("fair"),
                       Always("poor"),
                       Uniform(),
                       {Policy::Kind::kPreference, "", {0, 1, 0}}};
  question.cost_cap_usd = 0.008;
  const auto compared = Compare(question);
  ASSERT_TRUE(compared.ok()) << compared.status();
  EXPECT_EQ(compared->decisions, 4000u);
  EXPECT_EQ(compared->left_out, 0u);
  EXPECT_FALSE(compared->groups.has_value());
  ASSERT_EQ(compared->results.size(), 6u);
  const double truths[] = {0.8, 0.5, 0.2, 0.5, 0.2};  // the cheapest is "poor"
  const double costs[] = {0.004, 0.002, 0.001, 0.007 / 3, 0.001};
  for (std::size_t i = 0; i < 5; ++i) {
    const PolicyResult& result = compared->results[i + 1];
    EXPECT_NEAR(result.quality.dr, truths[i], 4.5 * result.quality.dr_stderr) << i;
    EXPECT_LE(result.quality.bounds.lower, truths[i]) << i;
    EXPECT_GE(result.quality.bounds.upper, truths[i]) << i;
    EXPECT_NEAR(result.cost.dr * 0.008, costs[i], 4.5 * 0.008 * result.cost.dr_stderr + 1e-6) << i;
    EXPECT_GT(result.quality.effective_sample_size, 100) << i;
  }
  const learners::PolicyFigures& served = compared->results[0].quality;
  EXPECT_EQ(served.outcomes, 4000u);
  EXPECT_NEAR(served.dr, served.ips, 1e-12) << "the plain mean";
  EXPECT_GT(served.dr, 0.6);
}

TEST_F(ControlGroup, LeavesOutWhatSaysNothing) {
  Make({});
  Play(100, 0, [](RouteInput& input) { input.mode = Mode::kGreedy; });
  Play(100, 0, [](RouteInput& input) { input.constraints.deny_arms = {"good"}; });
  Play(100, 1);
  const auto compared = Compare({.policies = {Always("good"), Always("fair")}});
  ASSERT_TRUE(compared.ok()) << compared.status();
  EXPECT_EQ(compared->decisions, 300u);
  EXPECT_EQ(compared->left_out, 100u);  // greedy
  EXPECT_EQ(compared->results[0].quality.silent, 100u);
  EXPECT_EQ(compared->results[1].left_out, 100u);  // it could not serve
  EXPECT_EQ(compared->results[2].left_out, 0u);
  EXPECT_EQ(compared->results[1].quality.outcomes, 0u);
}

TEST_F(ControlGroup, TakesAsManyDecisionsAsAskedFor) {
  Make({});
  Play(60);
  const Micros middle = clock_.Now() - 19 * kMicrosPerSecond;
  EXPECT_EQ(Compare({.decisions = 25})->decisions, 25u);
  EXPECT_EQ(Compare({.from = middle})->decisions, 20u);
  EXPECT_EQ(Compare({})->decisions, 60u);
}

TEST_F(ControlGroup, RefusesQuestionsThatMakeNoSense) {
  Make({});
  EXPECT_EQ(Compare({.policies = {Always("nobody")}}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Compare({.policies = std::vector<Policy>(17, Uniform())}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Compare({.decisions = kComparedDecisionsMax + 1}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Compare({.cost_cap_usd = -1}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Compare({.policies = {{Policy::Kind::kPreference, "", {0, 0, 0}}}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ControlGroup, AnswersOfAPoolWithoutDecisions) {
  Make({});
  const auto compared = Compare({.policies = {Uniform()}});
  ASSERT_TRUE(compared.ok()) << compared.status();
  EXPECT_EQ(compared->decisions, 0u);
  EXPECT_EQ(compared->results[1].quality.bounds.lower, 0);
  EXPECT_EQ(compared->results[1].quality.bounds.upper, 1);
}

}  // namespace
}  // namespace pointsman::engine
