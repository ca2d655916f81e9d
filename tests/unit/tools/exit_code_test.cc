#include "tools/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/request/requests.h"
#include "evaluation/replay/replay.h"

namespace pointsman::tools {
namespace {

using ::testing::HasSubstr;

TEST(ExitCode, TellsKindsOfFailureApart) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("")), ExitCode::kInternal);
  EXPECT_EQ(ExitCodeOf(absl::DataLossError("")), ExitCode::kDataLoss);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("")), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), ExitCode::kNotFound);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::ResourceExhaustedError("")), ExitCode::kUnavailable);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError("")), ExitCode::kPrecondition);
  EXPECT_EQ(ExitCodeOf(absl::AlreadyExistsError("")), ExitCode::kPrecondition);
}

TEST(ExitCode, IsSixForDataThatLackWhatWasAsked) {
  const auto status = WithReason(absl::FailedPreconditionError("no cost"), evaluation::kDataLacks);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(status)), 6);
}

TEST(ErrorText, SaysWhatFailedWithItsCodesAndWhatToDo) {
  const auto status =
      WithReason(absl::NotFoundError("there is no pool \"x\""), reason::kPoolUnknown, "pool");
  const std::string text = ErrorText("route", "host:1", status);
  EXPECT_EQ(text,
            "pointsman route: there is no pool \"x\"\n"
            "  code: NOT_FOUND, reason: POOL_UNKNOWN, field: pool, server: host:1\n"
            "  what to do: `pointsman pool list` shows the pools; `pointsman pool create FILE` "
            "creates one\n");
}

TEST(ErrorText, TellsHowToStartAServerThatDoesNotAnswer) {
  const std::string text = ErrorText("stats", "host:1", absl::UnavailableError("refused"));
  EXPECT_THAT(text, HasSubstr("is pointsmand running at host:1?"));
}

TEST(ErrorText, HasAdviceForEveryMachineReasonAUserCanMeet) {
  for (const auto machine : {reason::kPoolUnknown,
                             reason::kPoolExists,
                             reason::kArmUnknown,
                             reason::kDecisionUnknown,
                             reason::kDecisionExpired,
                             reason::kDecisionIdReused,
                             reason::kFeedbackIdReused,
                             reason::kPoolEmpty,
                             reason::kNoArmPasses,
                             reason::kSettingFixed,
                             reason::kLimit,
                             reason::kQueueFull,
                             reason::kStorageBroken,
                             evaluation::kDataLacks,
                             reason::kArmExists,
                             reason::kImportUnknown,
                             reason::kImportNotUndone,
                             reason::kImportIdReused,
                             reason::kEmbedderUnusable,
                             reason::kEmbedderUnavailable,
                             reason::kStopping,
                             reason::kToken,
                             reason::kForbidden,
                             reason::kClientRate,
                             reason::kTooManyCalls}) {
    const auto status = WithReason(absl::FailedPreconditionError("m"), machine);
    EXPECT_THAT(ErrorText("route", "host:1", status), HasSubstr("what to do: ")) << machine;
  }
}

}  // namespace
}  // namespace pointsman::tools
