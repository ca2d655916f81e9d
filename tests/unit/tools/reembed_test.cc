#include "tools/reembed.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

v1::LoggedOutcome Logged(const std::string& decision, const std::string& text) {
  v1::LoggedOutcome logged;
  logged.set_decision_id(decision);
  logged.set_arm("a");
  logged.set_weight(1);
  logged.set_query_text(text);
  return logged;
}

TEST(OutcomeGatherer, EndsWithTheLastWordOfEveryField) {
  OutcomeGatherer gatherer({"a"});
  v1::LoggedOutcome first = Logged("d", "text");
  first.set_quality(1);
  first.set_first_token_ms(9);
  gatherer.Add(first);
  v1::LoggedOutcome failed = Logged("d", "");
  failed.set_error(true);
  failed.set_error_kind(v1::TIMEOUT);
  failed.set_cached_input_tokens(3);
  gatherer.Add(failed);
  gatherer.LeaveOutWithdrawn();
  Outcome expected;
  expected.error = true;  // a failed call has no quality
  expected.error_kind = ErrorKind::kTimeout;
  expected.first_token_ms = 9;
  expected.cached_input_tokens = 3;
  ASSERT_EQ(gatherer.by_weight().size(), 1u);
  EXPECT_EQ(gatherer.by_weight().at(1).front().outcomes.front().outcome, expected);
}

TEST(OutcomeGatherer, LeavesOutWhatWasTakenBack) {
  OutcomeGatherer gatherer({"a"});
  for (const char* decision : {"d1", "d2", "d3"}) {
    v1::LoggedOutcome logged = Logged(decision, decision);
    logged.set_quality(1);
    gatherer.Add(logged);
  }
  for (const char* decision : {"d1", "d3"}) {
    v1::LoggedOutcome withdrawn = Logged(decision, "");
    withdrawn.set_is_withdrawn(true);
    gatherer.Add(withdrawn);
  }
  v1::LoggedOutcome again = Logged("d3", "");
  again.set_quality(0.5);
  gatherer.Add(again);
  gatherer.LeaveOutWithdrawn();
  const auto& queries = gatherer.by_weight().at(1);
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[0].query, "d2");
  EXPECT_EQ(queries[1].query, "d3");
  EXPECT_EQ(queries[1].index, 1u);
  EXPECT_EQ(queries[1].outcomes.front().outcome.quality, 0.5);
}

TEST(OutcomeGatherer, KeepsEachCallOfAnArm) {
  OutcomeGatherer gatherer({"a"});
  for (const uint32_t attempt : {2u, 1u, 0u}) {
    v1::LoggedOutcome logged = Logged("d", "text");
    logged.set_attempt(attempt);
    if (attempt > 0) {
      logged.set_error(true);
    } else {
      logged.set_quality(0.7);
    }
    gatherer.Add(logged);
  }
  gatherer.LeaveOutWithdrawn();
  const auto& queries = gatherer.by_weight().at(1);
  ASSERT_EQ(queries.size(), 3u);  // an import has one outcome per query and arm
  EXPECT_EQ(queries[0].outcomes.front().outcome.error, true);
  EXPECT_EQ(queries[1].outcomes.front().outcome.error, true);
  EXPECT_EQ(queries[2].outcomes.front().outcome.quality, 0.7);
  for (const ImportedQuery& query : queries) EXPECT_EQ(query.query, "text");
}

}  // namespace
}  // namespace pointsman
