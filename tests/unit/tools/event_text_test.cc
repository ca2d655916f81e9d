#include "tools/event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pointsman::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Event At(Sequence sequence, EventBody body) {
  return {sequence, 1700000000123456, PoolId{1}, std::move(body)};
}

Arm TheArm() {
  Arm arm;
  arm.id = ArmId{3};
  arm.name = "gpt";
  arm.usd_per_1m_input = 5;
  return arm;
}

OutcomeEvent TheOutcome() {
  OutcomeEvent outcome;
  outcome.decision_id = "d";
  outcome.feedback_id = "f";
  outcome.arm = ArmId{3};
  outcome.propensity = 0.5;
  outcome.outcome.quality = 1;
  return outcome;
}

TEST(EventText, ShowsWhatAnArmEventChangesWithOldAndNewValuesAndWhoAsked) {
  LogContext context(/*is_from_start=*/true);
  Arm arm = TheArm();
  const Event added = At(1, ArmEvent{arm, std::nullopt, "ops (10.0.0.1)"});
  EXPECT_THAT(
      EventText(added, context),
      HasSubstr("arm gpt (id 3, active) new: usd_per_1m_input: unset -> 5; by ops (10.0.0.1)"));
  context.Note(added);
  arm.usd_per_1m_input = 6;
  arm.status = ArmStatus::kPaused;
  const std::string changed = EventText(At(2, ArmEvent{arm, std::nullopt, "ops"}), context);
  EXPECT_THAT(changed, HasSubstr("(id 3, paused) changed: status: active -> paused; "
                                 "usd_per_1m_input: 5 -> 6; by ops"));
  const std::string reset =
      EventText(At(2, ArmEvent{TheArm(), ArmReset{ArmId{3}, 7}, ""}), context);
  EXPECT_THAT(reset,
              HasSubstr("what it learned: forgotten; prior: what gpt learned, as 7 outcomes"));
  EXPECT_THAT(reset, Not(HasSubstr("; by")));
}

TEST(EventText, DoesNotCallAnArmNewWhereTheLogBeginsLater) {
  LogContext context(/*is_from_start=*/false);
  EXPECT_THAT(EventText(At(9, ArmEvent{TheArm(), std::nullopt, ""}), context),
              HasSubstr("arm gpt (id 3, active) new or changed: "));
}

TEST(EventText, ShowsWhatAPoolEventChanges) {
  LogContext context(/*is_from_start=*/true);
  Pool pool;
  pool.id = PoolId{1};
  pool.name = "default";
  context.Note(At(1, PoolEvent{pool, ""}));
  pool.settings.cost_scale_usd = 0.5;
  EXPECT_THAT(EventText(At(2, PoolEvent{pool, "ops"}), context),
              HasSubstr("changed: cost_scale_usd: 0.01 -> 0.5; by ops"));
}

TEST(EventText, TellsWithdrawnClosedAndGivenUpCallsApart) {
  LogContext context(/*is_from_start=*/true);
  context.NoteName(TheArm());
  OutcomeEvent failed = TheOutcome();
  failed.outcome = {};
  failed.outcome.error = true;
  failed.outcome.error_kind = ErrorKind::kTimeout;
  failed.attempt = 1;
  EXPECT_THAT(EventText(At(1, failed), context),
              HasSubstr("outcome of gpt: error yes, error_kind TIMEOUT; decision \"d\""));
  EXPECT_THAT(EventText(At(1, failed), context), HasSubstr("attempt 1"));
  OutcomeEvent withdrawn = TheOutcome();
  withdrawn.is_withdrawal = true;
  withdrawn.before = withdrawn.outcome;
  withdrawn.outcome = {};
  EXPECT_THAT(EventText(At(2, withdrawn), context),
              HasSubstr("withdrawn: outcome of gpt: quality 1"));
  OutcomeEvent closed = TheOutcome();
  closed.outcome = {};
  closed.is_closed = true;
  closed.is_learned = false;
  EXPECT_THAT(EventText(At(3, closed), context), HasSubstr("decision closed; decision \"d\""));
  EXPECT_THAT(EventText(At(3, closed), context), Not(HasSubstr("late")));
}

TEST(EventJson, HasOneFormOfTimeAndEnumsAsTheContractCallsThem) {
  LogContext context(/*is_from_start=*/true);
  OutcomeEvent outcome = TheOutcome();
  outcome.selection = Selection::kFallback;
  outcome.outcome.error_kind = ErrorKind::kRateLimited;
  const auto json = nlohmann::json::parse(EventJson("default", At(4, outcome), context));
  EXPECT_EQ(json["time_unix_ms"], 1700000000123);
  EXPECT_EQ(json["selection"], "FALLBACK");
  EXPECT_EQ(json["outcome"]["error_kind"], "RATE_LIMITED");
  EXPECT_EQ(json["sequence"], 4);
  const auto arm = nlohmann::json::parse(
      EventJson("default", At(5, ArmEvent{TheArm(), std::nullopt, "me"}), context));
  EXPECT_EQ(arm["status"], "ACTIVE");
  EXPECT_EQ(arm["changes"][0], "usd_per_1m_input: unset -> 5");
  EXPECT_EQ(arm["by"], "me");
}

}  // namespace
}  // namespace pointsman::tools
