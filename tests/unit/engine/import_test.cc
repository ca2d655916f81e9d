// Imports: docs/guide/warm-start.md and docs/design/feedback.md, "Imports", one test a sentence.
#include "engine/learn/import.h"

#include <functional>
#include <limits>

#include "base/rng.h"
#include "import_fixture.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

TEST_F(Import, CountsAnArmsOutcomesAsTheStatedStrength) {
  PoolSettings settings;
  settings.learner.quality_model = "context_free";
  settings.learner.forget_outcomes = 0;
  Restart(settings);
  const auto queries = Queries(40);
  double right = 0;
  for (const ImportedQuery& query : queries) right += *query.outcomes[0].outcome.quality;

  const auto output = Send(Plan(40, 10), queries);

  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->queries_learned, 40u);
  EXPECT_EQ(output->outcomes_learned, 120u);
  EXPECT_EQ(output->outcomes_known, 0u);
  ASSERT_EQ(output->arms.size(), 3u);
  EXPECT_EQ(output->arms.at("alpha").learned, 40u);
  EXPECT_DOUBLE_EQ(output->arms.at("alpha").weight, 0.25);
  EXPECT_EQ(output->sequence, Stats().snapshot_version);
  const ArmStatistics alpha = StatsOf("alpha");
  EXPECT_EQ(alpha.figures.outcomes, 40u);
  // The prior 0.5 counts as one outcome, one outcome has deviation 0.4.
  EXPECT_NEAR(alpha.figures.level.mean, (0.5 + 10 * right / 40) / 11, 1e-12);
  EXPECT_NEAR(alpha.figures.level.stddev, 0.4 / std::sqrt(11), 1e-12);
  EXPECT_NEAR(alpha.figures.tracker.quality_weight, 10, 0.4);  // half of it goes in 500 outcomes
}

TEST_F(Import, WeighsAnArmByItsOwnCountWhereFewerAreAnnounced) {
  ImportPlan plan = Plan(4, 8);
  plan.arm_outcomes["beta"] = 2;
  auto queries = Queries(4);
  queries[0].outcomes.erase(queries[0].outcomes.begin() + 1);
  queries[2].outcomes.erase(queries[2].outcomes.begin() + 1);
  const auto output = Send(plan, queries);
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->arms.at("beta").learned, 2u);
  EXPECT_DOUBLE_EQ(output->arms.at("beta").weight, 4);
  EXPECT_DOUBLE_EQ(output->arms.at("alpha").weight, 2);
}

TEST_F(Import, TeachesTheTrackersToo) {
  ImportedQuery query;
  query.query = "a question";
  Outcome outcome;
  outcome.quality = 0.5;
  outcome.latency_ms = 900;
  outcome.cost_usd = 0.02;
  outcome.output_tokens = 800;
  query.outcomes.push_back({"beta", outcome});
  outcome = {};
  outcome.error = true;
  query.outcomes.push_back({"gamma", outcome});
  ASSERT_TRUE(Send(Plan(1, 100), {query}).ok());
  const learners::TrackerFigures beta = StatsOf("beta").figures.tracker;
  const ArmExpectation expected = StatsOf("beta").figures.expected;
  EXPECT_NEAR(expected.latency_ms, 900, 20);
  EXPECT_NEAR(expected.cost_usd, 0.02, 1e-9);
  EXPECT_NEAR(beta.output_tokens, 800, 1);
  const learners::TrackerFigures gamma = StatsOf("gamma").figures.tracker;
  EXPECT_NEAR(gamma.error_rate, 100.0 / 104, 1e-9);
  EXPECT_EQ(gamma.quality_weight, 0);
}

TEST_F(Import, LearnsQueryAfterQueryInsideAChunk) {
  const PoolSettings settings = WithoutNeighbours();
  const auto queries = Queries(48);
  Restart(settings);
  ASSERT_TRUE(Send(Plan(48, 48), queries).ok());
  const uint64_t in_one_chunk = StateChecksumNow();
  Restart(settings);
  for (const ImportedQuery& query : queries) ASSERT_TRUE(Send(Plan(48, 48), {query}).ok());
  EXPECT_EQ(StateChecksumNow(), in_one_chunk);
}

TEST_F(Import, MovesTheShareOfTheExpertThatItProvesRight) {
  // After an import that tells arms apart by query, the mixture follows the expert that sees it. Descriptions would
  // add what they claim.
  const auto queries = Queries(64);
  PoolSettings settings = Hybrid();
  settings.learner.description_weight = 0;
  const auto certainty = [&](double strength) {
    Restart(settings);
    EXPECT_TRUE(Send(Plan(64, strength), queries).ok());
    double sum = 0;
    for (int i = 0; i < 20; ++i) {
      RouteInput input;
      input.query = "integral and proof " + std::to_string(1000 + i);
      input.explain = true;
      const auto routed = engine_->Route(input);
      EXPECT_TRUE(routed.ok());
      for (const RankedArm& arm : routed->ranking) sum += arm.arm == "alpha" ? arm.probability : 0;
    }
    return sum / 20;
  };
  const double weak = certainty(1), strong = certainty(64);
  EXPECT_GT(strong, 0.8);
  EXPECT_GT(strong, weak + 0.2);
}

TEST_F(Import, IsSeenByNeighbours) {
  ASSERT_TRUE(Send(Plan(10, 5), Queries(10)).ok());
  EXPECT_EQ(Stats().experience_size, 30u);
  RouteInput input;
  input.query = Queries(10)[3].query;
  input.explain = true;
  const auto output = engine_->Route(input);
  ASSERT_TRUE(output.ok());
  // The very query is among them, with the weight of its import: 0.5, and some of the others.
  for (const RankedArm& arm : output->ranking) {
    EXPECT_EQ(arm.reason.find(" 0.0 near outcomes"), std::string::npos) << arm.reason;
  }
}

TEST_F(Import, LearnsNothingTwice) {
  ASSERT_TRUE(Send(Plan(10, 5), Queries(10)).ok());
  const PoolStatistics before = Stats();
  const uint64_t state_before = StateChecksumNow();
  const auto again = Send(Plan(10, 5), Queries(10));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->queries_learned, 0u);
  EXPECT_EQ(again->queries_known, 10u);
  EXPECT_EQ(again->outcomes_known, 30u);
  EXPECT_EQ(again->sequence, 0u);
  EXPECT_EQ(StateChecksumNow(), state_before);
  EXPECT_EQ(Stats().experience_size, before.experience_size);
}

TEST_F(Import, ThatBrokeOffGoesOnWhereItEnded) {
  const PoolSettings settings = WithoutNeighbours();
  const auto queries = Queries(30);
  Restart(settings);
  ASSERT_TRUE(Send(Plan(30, 30), queries).ok());
  const uint64_t whole = StateChecksumNow();

  Restart(settings);
  ASSERT_TRUE(Send(Plan(30, 30), {queries.begin(), queries.begin() + 12}).ok());
  const auto again = Send(Plan(30, 30), queries);

  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->queries_known, 12u);
  EXPECT_EQ(again->queries_learned, 18u);
  EXPECT_EQ(StateChecksumNow(), whole);
}

TEST_F(Import, AddsAnArmThatCameLaterUnderTheSameId) {
  auto queries = Queries(6);
  auto fewer = queries;
  for (ImportedQuery& query : fewer) query.outcomes.pop_back();
  ASSERT_TRUE(Send(Plan(6, 6), fewer).ok());
  const auto more = Send(Plan(6, 6), queries);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->arms.at("gamma").learned, 6u);
  EXPECT_EQ(more->arms.at("alpha").learned, 0u);
  EXPECT_EQ(more->arms.at("alpha").known, 6u);
}

TEST_F(Import, UnderAnotherIdIsAnotherImport) {
  ASSERT_TRUE(Send(Plan(6, 6), Queries(6)).ok());
  ImportPlan other = Plan(6, 6);
  other.import_id = "bench-2";
  EXPECT_EQ(Send(other, Queries(6))->queries_learned, 6u);
  EXPECT_EQ(OutcomesOf("alpha"), 12u);
}

TEST_F(Import, RefusesOtherContentUnderAKnownIndexAndNamesTheQuery) {
  ASSERT_TRUE(Send(Plan(6, 6), Queries(3)).ok());
  const uint64_t before = StateChecksumNow();
  auto changed = Queries(6);
  changed[2].query = "another question";
  const auto output = Send(Plan(6, 6), changed);
  EXPECT_EQ(output.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(output.status()), reason::kImportIdReused);
  EXPECT_NE(output.status().message().find("query 2"), absl::string_view::npos) << output.status();
  EXPECT_EQ(StateChecksumNow(), before);
}

TEST_F(Import, OfAChunkIsAllOrNothing) {
  auto queries = Queries(8);
  queries.back().outcomes[1].arm = "delta";
  const uint64_t state_before = StateChecksumNow();
  const auto output = Send(Plan(8, 8), queries);
  EXPECT_EQ(ReasonOf(output.status()), reason::kArmUnknown) << output.status();
  EXPECT_NE(output.status().message().find("query 7"), absl::string_view::npos);
  EXPECT_EQ(StateChecksumNow(), state_before);
  EXPECT_EQ(Stats().experience_size, 0u);

  queries.back().outcomes[1].arm = "beta";
  EXPECT_EQ(Send(Plan(8, 8), queries)->queries_learned, 8u);
}

TEST_F(Import, OfARemovedArmIsRefused) {
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->RemoveArm("default", "beta", std::move(done)); }).ok());
  EXPECT_EQ(ReasonOf(Send(Plan(2, 2), Queries(2)).status()), reason::kArmUnknown);
}

TEST_F(Import, NamesWhatIsWrong) {
  struct Case {
    const char* field;
    std::function<void(ImportPlan&, std::vector<ImportedQuery>&)> spoil;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Case cases[] = {
      {"import_id", [](auto& plan, auto&) { plan.import_id.clear(); }},
      {"import_id", [](auto& plan, auto&) { plan.import_id = std::string(1000, 'x'); }},
      {"queries", [](auto& plan, auto&) { plan.queries = 0; }},
      {"index", [](auto& plan, auto&) { plan.queries = 2; }},
      {"strength", [](auto& plan, auto&) { plan.strength = 0; }},
      {"strength", [nan](auto& plan, auto&) { plan.strength = nan; }},
      {"arm_outcomes", [](auto& plan, auto&) { plan.arm_outcomes["alpha"] = 0; }},
      {"arm_outcomes", [](auto& plan, auto&) { plan.arm_outcomes["alpha"] = 5; }},
      {"pool", [](auto& plan, auto&) { plan.pool = "nowhere"; }},
      {"index", [](auto&, auto& queries) { queries[1].index = queries[0].index; }},
      {"query", [](auto&, auto& queries) { queries[1].query.clear(); }},
      {"embedding",
       [](auto&, auto& queries) {
         queries[1].embedding = {1, 2};
       }},
      {"features",
       [](auto&, auto& queries) {
         queries[1].features = {{"entropy", std::numeric_limits<double>::infinity()}};
       }},
      {"outcomes", [](auto&, auto& queries) { queries[1].outcomes.clear(); }},
      {"outcomes", [](auto&, auto& queries) { queries[1].outcomes[1].arm = "alpha"; }},
      {"arm", [](auto&, auto& queries) { queries[1].outcomes[1].arm = "delta"; }},
      {"quality", [](auto&, auto& queries) { queries[1].outcomes[1].outcome.quality = 1.5; }},
      {"quality", [nan](auto&, auto& queries) { queries[1].outcomes[1].outcome.quality = nan; }},
      {"quality", [](auto&, auto& queries) { queries[1].outcomes[1].outcome = {}; }},
      {"quality", [](auto&, auto& queries) { queries[1].outcomes[1].outcome.error = true; }},
      {"cost_usd", [](auto&, auto& queries) { queries[1].outcomes[1].outcome.cost_usd = -1; }},
      {"queries", [](auto& plan, auto& queries) { queries = Queries(plan.queries = 65); }},
  };
  const uint64_t before = StateChecksumNow();
  for (const Case& c : cases) {
    ImportPlan plan = Plan(3, 3);
    std::vector<ImportedQuery> queries = Queries(3);
    c.spoil(plan, queries);
    const auto output = Send(plan, queries);
    EXPECT_FALSE(output.ok()) << c.field;
    EXPECT_EQ(FieldOf(output.status()), c.field) << output.status();
    EXPECT_EQ(StateChecksumNow(), before) << c.field;
  }
}

TEST_F(Import, WithoutQueriesChecksWhatIsAnnounced) {
  const auto output = Send(Plan(10, 5), {});
  ASSERT_TRUE(output.ok()) << output.status();
  EXPECT_EQ(output->queries_learned, 0u);
  ImportPlan plan = Plan(10, 5);
  plan.arm_outcomes["delta"] = 3;
  EXPECT_EQ(ReasonOf(Send(plan, {}).status()), reason::kArmUnknown);
}

TEST_F(Import, KeepsItsDecisionIdsToItself) {
  RouteInput input;
  input.query = "a question";
  input.decision_id = "import:bench:0";
  EXPECT_EQ(FieldOf(engine_->Route(input).status()), "decision_id");
}

TEST_F(Import, TakesVectorsOfTheCallersOwn) {
  PoolSettings settings = Hybrid();
  settings.embedder.name = "caller";
  settings.embedder.dimension = settings.embedder.projected = 4;
  Restart(settings);
  auto queries = Queries(2);
  for (ImportedQuery& query : queries) {
    query.query.clear();
    query.embedding = {1, 0, 2, static_cast<float>(query.index)};
  }
  ASSERT_TRUE(Send(Plan(2, 2), queries).ok());
  queries[1].embedding.pop_back();
  queries[1].index = 0;
  EXPECT_EQ(FieldOf(Send(Plan(2, 2), {queries[1]}).status()), "import_id");
  ImportPlan other = Plan(2, 2);
  other.import_id = "other";
  EXPECT_EQ(FieldOf(Send(other, {queries[1]}).status()), "embedding");
}

TEST(ImportTally, RefusesMoreOutcomesOfAnArmThanItsWeightWasMadeFor) {
  ImportPlan plan{"default", "bench", 3, 3, {{"beta", 2}}};
  ImportTally tally(plan);
  const auto queries = Queries(3);
  EXPECT_TRUE(tally.Admit(std::span(queries).first(2)).ok());
  const absl::Status third = tally.Admit(std::span(queries).last(1));
  EXPECT_EQ(FieldOf(third), "outcomes") << third;
  EXPECT_NE(third.message().find("query 2"), absl::string_view::npos) << third;
}

}  // namespace
}  // namespace pointsman::engine
