// Which arms can take a request by what was learned of them: limits on what is not known, learned lengths of
// input, rate limits, fresh starts.
#include <functional>
#include <map>

#include "eligibility_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

class LearnedEligibility : public EligibilityFixture {
 protected:
  static Arm Priced(const std::string& name, std::optional<double> input,
                    std::optional<double> output) {
    Arm arm;
    arm.name = name;
    arm.usd_per_1m_input = input;
    arm.usd_per_1m_output = output;
    arm.prior_output_tokens = 1000;
    return arm;
  }
  absl::StatusOr<RouteOutput> Ask(const std::function<void(RouteInput&)>& set) {
    RouteInput input;
    input.query = "a question";
    input.explain = true;
    set(input);
    return engine_->Route(input);
  }
  Set Candidates(const std::function<void(RouteInput&)>& set) { return CandidatesOf(Ask(set)); }
  std::string WhyNot(const std::string& arm, const std::function<void(RouteInput&)>& set) {
    return WhyNotOf(Ask(set), arm);
  }
  // Has this arm called, and tells how that went.
  void Live(const std::string& arm, const Outcome& outcome) {
    const auto output = Ask([&](RouteInput& in) {
      in.constraints.allow_arms = {arm};
      in.constraints.context_tokens = 3;  // so that it is called whatever it learned
    });
    ASSERT_TRUE(output.ok()) << output.status();
    FeedbackInput feedback;
    feedback.decision_id = output->decision_id;
    feedback.outcome = outcome;
    const auto told = Tell(feedback);
    ASSERT_TRUE(told.ok()) << told.status();
  }
};

// alpha costs 0.002 USD, gamma 0.03; beta has no price, and nobody has a latency.
TEST_F(LearnedEligibility, OfACostLimitIsOfWhatHasAPriceOrWasReported) {
  Put(Priced("half", 1, {}));
  Put(Priced("other half", {}, 2));
  Put(Priced("free", 0, 0));
  Arm fee = Priced("fee", {}, {});
  fee.usd_per_request = 0.001;
  Put(fee);
  const struct {
    double max_cost;
    bool allow_unknown;
    Set arms;
  } rows[] = {
      {1e-7, false, {"free"}},
      {0.01, false, {"alpha", "free", "fee"}},
      {1, false, {"alpha", "gamma", "free", "fee"}},
      {0.01, true, {"alpha", "free", "fee", "beta", "half", "other half"}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Candidates([&](RouteInput& in) {
                in.constraints.max_cost_usd = row.max_cost;
                in.constraints.allow_unknown = row.allow_unknown;
              }),
              row.arms)
        << row.max_cost << (row.allow_unknown ? ", unknown allowed" : "");
  }
  const auto limit = [](RouteInput& in) { in.constraints.max_cost_usd = 1; };
  for (const char* name : {"beta", "half", "other half"})
    EXPECT_EQ(WhyNot(name, limit), "cost unknown");
  Outcome outcome;
  outcome.quality = 1;
  outcome.cost_usd = 0.004;
  outcome.input_tokens = 3;
  outcome.output_tokens = 10;
  for (int i = 0; i < 5; ++i) Live("beta", outcome);
  EXPECT_TRUE(Candidates(limit).contains("beta"));
}

TEST_F(LearnedEligibility, OfALatencyLimitIsOfTheKindThatIsAskedFor) {
  Arm hinted = Priced("hinted", {}, {});
  hinted.prior_latency_ms = 500;
  Put(hinted);
  Put(Priced("streams", {}, {}));
  Outcome outcome;
  outcome.quality = 1;
  outcome.latency_ms = 9000;
  outcome.first_token_ms = 100;
  outcome.output_tokens = 100;
  for (int i = 0; i < 10; ++i) Live("streams", outcome);
  const auto among = [&](double max_latency, std::optional<LatencyKind> kind) {
    return Candidates([&](RouteInput& in) {
      in.constraints.max_latency_ms = max_latency;
      in.latency_kind = kind;
    });
  };
  EXPECT_EQ(among(5000, {}), Set{"hinted"});
  EXPECT_EQ(among(100000, LatencyKind::kTotal), (Set{"hinted", "streams"}));
  EXPECT_TRUE(among(2000, LatencyKind::kFirstToken).contains("streams"));
  EXPECT_EQ(among(1, {}), Set{});
  EXPECT_EQ(WhyNot("alpha", [](RouteInput& in) { in.constraints.max_latency_ms = 100000; }),
            "latency unknown");
}

TEST_F(LearnedEligibility, WhatIsNotKnownIsExplainedAsNotKnown) {
  const auto output = Ask([](RouteInput&) {});
  ASSERT_TRUE(output.ok());
  for (const RankedArm& ranked : output->ranking) {
    EXPECT_NE(ranked.reason.find("latency unknown"), std::string::npos) << ranked.reason;
    EXPECT_EQ(ranked.reason.find("cost unknown") != std::string::npos, ranked.arm == "beta")
        << ranked.reason;
  }
}

TEST_F(LearnedEligibility, OfAContextWindowIsByTheLengthsThatCallsWereReportedToHave) {
  Outcome outcome;
  outcome.quality = 1;
  outcome.input_tokens = 5000;  // beta's window is of 1000, and yet
  for (int i = 0; i < 20; ++i) Live("beta", outcome);
  EXPECT_EQ(Candidates([](RouteInput&) {}), (Set{"alpha", "gamma"}));
  const std::string why = WhyNot("beta", [](RouteInput&) {});
  EXPECT_TRUE(why.starts_with("context window of 1000 tokens is too small for up to ")) << why;
  // Who counts knows better.
  EXPECT_TRUE(Candidates([](RouteInput& in) { in.input_tokens = 10; }).contains("beta"));
  EXPECT_TRUE(
      Candidates([](RouteInput& in) { in.constraints.context_tokens = 10; }).contains("beta"));
}

TEST_F(LearnedEligibility, OfAnArmThatIsRateLimitedComesBackWhenThatEnds) {
  Outcome outcome;
  outcome.error = true;
  outcome.error_kind = ErrorKind::kRateLimited;
  outcome.retry_after_ms = 12000;
  Live("alpha", outcome);
  const auto nothing = [](RouteInput&) {};
  EXPECT_EQ(Candidates(nothing), (Set{"beta", "gamma"}));
  EXPECT_EQ(WhyNot("alpha", nothing), "rate limited for another 12 s");
  clock_.Advance(11'500'000);
  EXPECT_EQ(WhyNot("alpha", nothing), "rate limited for another 1 s");
  const auto only = Ask([](RouteInput& in) { in.constraints.allow_arms = {"alpha"}; });
  EXPECT_EQ(ReasonOf(only.status()), reason::kNoArmPasses);
  EXPECT_NE(only.status().message().find("alpha: rate limited for another 1 s"), std::string::npos)
      << only.status();
  clock_.Advance(500'000);
  EXPECT_EQ(Candidates(nothing), (Set{"alpha", "beta", "gamma"}));
}

TEST_F(LearnedEligibility, OfAnArmThatStartsFreshLeavesItsNeighboursBehind) {
  Outcome outcome;
  outcome.quality = 1;
  for (int i = 0; i < 10; ++i) {
    Live("alpha", outcome);
    Live("beta", outcome);
  }
  const auto counts = [&] {
    std::map<std::string, double> found;
    const auto output = Ask([](RouteInput&) {});
    EXPECT_TRUE(output.ok());
    const auto explained = engine_->Explain("default", output->decision_id);
    EXPECT_TRUE(explained.ok());
    for (std::size_t i = 0; i < explained->candidate_names.size(); ++i) {
      found[explained->candidate_names[i]] =
          explained->decision.candidates[i].features.neighbour_count;
    }
    return found;
  };
  EXPECT_GT(counts()["alpha"], 0);
  ArmEdit edit;
  edit.name = "alpha";
  edit.edit = [](const Arm& present) { return absl::StatusOr<Arm>(present); };
  edit.is_reset = true;
  ASSERT_TRUE(Await<PutArmOutput>([&](auto done) {
                engine_->PutArm("default", edit, "", std::move(done));
              }).ok());
  EXPECT_EQ(counts()["alpha"], 0);
  EXPECT_GT(counts()["beta"], 0);
  Live("alpha", outcome);
  EXPECT_GT(counts()["alpha"], 0);
}

TEST_F(LearnedEligibility, OfPoolsThatGotAFeatureReadsOldOutcomesAsTheyWere) {
  PoolSettings settings;
  settings.features = {{"length", 2, 4, 0.5}};
  OpenWith(storage::OpenMemoryStorage(tests::kTestSecret));
  MakePool(settings);
  const auto before = Ask([](RouteInput& in) { in.features = {{"length", 4}}; });
  ASSERT_TRUE(before.ok());
  settings.features.push_back({"turns", 0, 1, 0.5});
  const auto changed = Await<PutPoolOutput>([&](auto done) {
    engine_->PutPool(
        "default",
        [&](const PoolSettings& present) {
          PoolSettings wanted = present;
          wanted.features = settings.features;
          return wanted;
        },
        {}, false, std::move(done));
  });
  ASSERT_TRUE(changed.ok()) << changed.status();
  const auto after = Ask([](RouteInput& in) { in.features = {{"turns", 1}, {"length", 4}}; });
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(after->notes.empty());
  ASSERT_TRUE(TellQuality(before->decision_id, 1).ok());
  ASSERT_TRUE(TellQuality(after->decision_id, 1).ok());
  const auto page = engine_->ReadOutcomes("default", 1, 100);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->outcomes.size(), 2u);
  for (const LoggedOutcome& logged : page->outcomes) {
    ASSERT_TRUE(logged.features.contains("length"));
    EXPECT_NEAR(logged.features.at("length"), 4, 1e-6);
  }
  EXPECT_NEAR(page->outcomes[1].features.at("turns"), 1, 1e-6);
}

TEST_F(LearnedEligibility, ByAnAliasSurvivesARestart) {
  const tests::TestFolder folder;
  const auto open = [&] {
    engine_.reset();
    storage::StorageOptions options;
    options.folder = folder.path() + "/data";
    auto storage = storage::OpenRocksStorage(options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    OpenWith(*std::move(storage));
  };
  open();
  MakePool();
  Arm arm = Priced("new", {}, {});
  arm.aliases = {"old", "older"};
  Put(arm);
  arm.aliases = {"old"};
  Put(arm);
  open();
  const auto only = [&](const char* name) {
    return Candidates([&](RouteInput& in) { in.constraints.allow_arms = {name}; });
  };
  EXPECT_EQ(only("new"), Set{"new"});
  EXPECT_EQ(only("old"), Set{"new"});
  EXPECT_EQ(ReasonOf(Ask([](RouteInput& in) { in.constraints.allow_arms = {"older"}; }).status()),
            reason::kArmUnknown);
}

}  // namespace
}  // namespace pointsman::engine
