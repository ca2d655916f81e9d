#include "tools/reembed.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pointsman::tools {
namespace {

Relearning Gathered(const std::vector<v1::LoggedOutcome>& outcomes,
                    const std::vector<v1::LoggedReset>& resets = {},
                    const std::set<std::string>& living = {"a"}) {
  v1::ListOutcomesResponse page;
  *page.mutable_outcomes() = {outcomes.begin(), outcomes.end()};
  *page.mutable_resets() = {resets.begin(), resets.end()};
  OutcomeGatherer gatherer;
  gatherer.Add(page);
  return gatherer.Finish(living);
}

v1::LoggedReset Reset(uint64_t sequence, const std::string& arm, const std::string& from = "") {
  v1::LoggedReset reset;
  reset.set_sequence(sequence);
  reset.set_arm(arm);
  reset.set_inherit_from(from);
  return reset;
}

v1::LoggedOutcome Logged(const std::string& decision, const std::string& text) {
  v1::LoggedOutcome logged;
  logged.set_decision_id(decision);
  logged.set_arm("a");
  logged.set_weight(1);
  logged.set_query_text(text);
  return logged;
}

TEST(OutcomeGatherer, EndsWithTheLastWordOfEveryField) {
  std::vector<v1::LoggedOutcome> log;
  v1::LoggedOutcome first = Logged("d", "text");
  first.set_quality(1);
  first.set_first_token_ms(9);
  log.push_back(first);
  v1::LoggedOutcome failed = Logged("d", "");
  failed.set_error(true);
  failed.set_error_kind(v1::TIMEOUT);
  failed.set_cached_input_tokens(3);
  log.push_back(failed);
  const Relearning relearning = Gathered(log);
  ASSERT_EQ(relearning.steps.size(), 1u);
  const auto& by_weight = relearning.steps.front().by_weight;
  Outcome expected;
  expected.error = true;  // a failed call has no quality
  expected.error_kind = ErrorKind::kTimeout;
  expected.first_token_ms = 9;
  expected.cached_input_tokens = 3;
  ASSERT_EQ(by_weight.size(), 1u);
  EXPECT_EQ(by_weight.at(1).front().outcomes.front().outcome, expected);
}

TEST(OutcomeGatherer, LeavesOutWhatWasTakenBack) {
  std::vector<v1::LoggedOutcome> log;
  for (const char* decision : {"d1", "d2", "d3"}) {
    v1::LoggedOutcome logged = Logged(decision, decision);
    logged.set_quality(1);
    log.push_back(logged);
  }
  for (const char* decision : {"d1", "d3"}) {
    v1::LoggedOutcome withdrawn = Logged(decision, "");
    withdrawn.set_is_withdrawn(true);
    log.push_back(withdrawn);
  }
  v1::LoggedOutcome again = Logged("d3", "");
  again.set_quality(0.5);
  log.push_back(again);
  const Relearning relearning = Gathered(log);
  ASSERT_EQ(relearning.steps.size(), 1u);
  const auto& by_weight = relearning.steps.front().by_weight;
  const auto& queries = by_weight.at(1);
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[0].query, "d2");
  EXPECT_EQ(queries[1].query, "d3");
  EXPECT_EQ(queries[1].index, 1u);
  EXPECT_EQ(queries[1].outcomes.front().outcome.quality, 0.5);
}

TEST(OutcomeGatherer, KeepsEachCallOfAnArm) {
  std::vector<v1::LoggedOutcome> log;
  for (const uint32_t attempt : {2u, 1u, 0u}) {
    v1::LoggedOutcome logged = Logged("d", "text");
    logged.set_attempt(attempt);
    if (attempt > 0) {
      logged.set_error(true);
    } else {
      logged.set_quality(0.7);
    }
    log.push_back(logged);
  }
  const Relearning relearning = Gathered(log);
  ASSERT_EQ(relearning.steps.size(), 1u);
  const auto& by_weight = relearning.steps.front().by_weight;
  const auto& queries = by_weight.at(1);
  ASSERT_EQ(queries.size(), 3u);  // an import has one outcome per query and arm
  EXPECT_EQ(queries[0].outcomes.front().outcome.error, true);
  EXPECT_EQ(queries[1].outcomes.front().outcome.error, true);
  EXPECT_EQ(queries[2].outcomes.front().outcome.quality, 0.7);
  for (const engine::ImportedQuery& query : queries) EXPECT_EQ(query.query, "text");
}

v1::LoggedOutcome Rated(uint64_t sequence, const std::string& arm) {
  v1::LoggedOutcome logged = Logged(Cat("d", sequence), Cat("text ", sequence));
  logged.set_sequence(sequence);
  logged.set_arm(arm);
  logged.set_quality(1);
  return logged;
}

TEST(OutcomeGatherer, BeginsAStepWhereAnArmStartedFresh) {
  const Relearning relearning =
      Gathered({Rated(1, "a"), Rated(2, "b"), Rated(5, "a")},
               {Reset(3, "b"), Reset(4, "a", "b"), Reset(6, "a", "a")}, {"a", "b"});
  ASSERT_EQ(relearning.steps.size(), 3u);
  EXPECT_TRUE(relearning.steps[0].resets.empty());
  EXPECT_EQ(relearning.steps[0].by_weight.at(1).size(), 2u);
  ASSERT_EQ(relearning.steps[1].resets.size(), 2u);  // no outcome between them
  EXPECT_EQ(relearning.steps[1].resets[1].inherit_from(), "b");
  EXPECT_EQ(relearning.steps[1].by_weight.at(1).front().query, "text 5");
  ASSERT_EQ(relearning.steps[2].resets.size(), 1u);
  EXPECT_TRUE(relearning.steps[2].by_weight.empty());
}

TEST(OutcomeGatherer, KeepsARemovedArmThatALivingOneInheritedFromAtAnyRemove) {
  const Relearning relearning =
      Gathered({Rated(1, "x"), Rated(2, "y"), Rated(3, "z"), Rated(6, "a")},
               {Reset(4, "y", "x"), Reset(5, "a", "y"), Reset(7, "x", "z")}, {"a"});
  EXPECT_EQ(relearning.removed_sources, (std::set<std::string>{"x", "y"}));
  EXPECT_EQ(relearning.of_other_arms, 1u);  // of z, which x inherited from only later
  EXPECT_EQ(relearning.steps[0].by_weight.at(1).size(), 2u);
}

}  // namespace
}  // namespace pointsman::tools
