#include "tools/exit_code.h"

#include "base/strings.h"
#include "engine/request/requests.h"
#include "evaluation/replay/replay.h"

namespace pointsman::tools {
namespace {

struct ReasonAdvice {
  std::string_view reason;
  const char* what;
};
constexpr ReasonAdvice kReasonAdvice[] = {
    {reason::kPoolUnknown,
     "`pointsman pool list` shows the pools; `pointsman pool create FILE` creates one"},
    {reason::kPoolExists,
     "`pointsman pool put FILE` changes it; `pointsman pool delete NAME --yes` deletes it"},
    {reason::kArmUnknown, "`pointsman arm list` shows the arms of a pool"},
    {reason::kArmExists,
     "`pointsman arm set NAME` changes it; add --reset if another model now answers under "
     "its name"},
    {reason::kImportUnknown,
     "check the id: `pointsman import` prints it, and `pointsman log` shows it as "
     "import:ID:INDEX; imports whose events were deleted from the log cannot be found"},
    {reason::kImportIdReused,
     "use another --import-id for different content, or undo the first import (`import "
     "--undo ID`)"},
    {reason::kImportNotUndone,
     "`pointsman pool reembed` creates a new pool from what is still in the log; or restore "
     "a backup from before the import"},
    {reason::kEmbedderUnusable,
     "`pointsman pool get NAME` shows what is wrong with the pool's embedder"},
    {reason::kStopping,
     "retry when the server is up; sending the same feedback_id or decision_id again is safe"},
    {reason::kDecisionUnknown,
     "check the decision id and the pool (--pool); decisions made while the server could not "
     "write to its storage are not recorded"},
    {reason::kDecisionExpired,
     "send feedback sooner, or raise decision_ttl_s in the server's config"},
    {reason::kDecisionIdReused, "give each request its own decision id"},
    {reason::kFeedbackIdReused, "give each feedback its own feedback id"},
    {reason::kPoolEmpty, "`pointsman arm add NAME` adds an arm"},
    {reason::kNoArmPasses, "relax the constraints; the message gives the reason for each arm"},
    {reason::kSettingFixed, "create a new pool with the new setting"},
    {reason::kLimit, "raise the limit in the server's config, or send less"},
    {reason::kQueueFull,
     "retry in a moment; sending the same feedback_id or decision_id again is safe"},
    {reason::kStorageBroken,
     "check the server's log and disk; the server recovers by itself once the disk accepts "
     "writes; keep the feedback and retry later"},
    {reason::kEmbedderUnavailable,
     "check that the embedder is running and accepts the model and key under `embedders` in "
     "the server's config; `curl URL/models` tests it"},
    {reason::kToken,
     "pass a token with --token-file FILE or POINTSMAN_TOKEN; `pointsman token create` makes "
     "one"},
    {reason::kForbidden,
     "use a token with other scopes or pools; `pointsman token create` makes one"},
    {reason::kClientRate, "send fewer calls at a time, or raise the limit in the server's config"},
    {reason::kTooManyCalls,
     "send fewer calls at a time, or raise the limit in the server's config"},
    {evaluation::kDataLacks, "use `--prefer 1,0,0` to weigh quality alone"},
};

std::string AdviceByReason(std::string_view reason) {
  for (const ReasonAdvice& advice : kReasonAdvice) {
    if (reason == advice.reason) return advice.what;
  }
  return "";
}

std::string AdviceByCode(absl::StatusCode code, std::string_view server) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
      if (server.empty()) return "";
      return Cat(
          "is pointsmand running at ", server,
          "? script/server starts one; --server HOST:PORT or POINTSMAN_SERVER names another");
    case absl::StatusCode::kDeadlineExceeded:
      return "the server did not respond in time; raise --timeout-ms to wait longer";
    case absl::StatusCode::
        kResourceExhausted:  // gRPC's own error: errors from the server have a reason
      return "send less in one call, or raise message_bytes_max in the server's config";
    case absl::StatusCode::kUnimplemented:
      return "the server has another version and does not know this call; use the client of that "
             "version";
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return server.empty() ? "" : "check the server's log";
    default:
      return "";
  }
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (ReasonOf(status) == evaluation::kDataLacks) return ExitCode::kSkipped;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return ExitCode::kUnavailable;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return ExitCode::kPrecondition;
    case absl::StatusCode::kDataLoss:
      return ExitCode::kDataLoss;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kForbidden;
    default:
      return ExitCode::kInternal;
  }
}

std::string ExitCodeHelp() {
  return "Exit codes:\n"
         "  0  it worked\n"
         "  1  internal error\n"
         "  2  bad arguments, or a field that the server refuses\n"
         "  3  no such pool, arm, decision or file\n"
         "  4  the server does not answer, or is too busy\n"
         "  5  the current state forbids it (already exists, no arm passes the constraints, "
         "...)\n"
         "  6  skipped: the data do not record the cost or latency that was asked for\n"
         "  7  stored data are damaged, or differ from the log\n"
         "  8  no token, or one without this permission\n"
         "With --json an error is one line of JSON on stderr: error.code, reason, field, "
         "message.\n";
}

std::string AdviceOf(const absl::Status& status, std::string_view server) {
  std::string advice = AdviceByReason(ReasonOf(status));
  return advice.empty() ? AdviceByCode(status.code(), server) : advice;
}

std::string ErrorText(std::string_view what, std::string_view server, const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  const std::string field = FieldOf(status);
  std::string text = Cat("pointsman ", what, ": ", ToStd(status.message()),
                         "\n  code: ", absl::StatusCodeToString(status.code()));
  if (!reason.empty()) text += Cat(", reason: ", reason);
  if (!field.empty()) text += Cat(", field: ", field);
  if (!server.empty()) text += Cat(", server: ", server);
  text += "\n";
  const std::string advice = AdviceOf(status, server);
  if (!advice.empty()) text += Cat("  what to do: ", advice, "\n");
  return text;
}

}  // namespace pointsman::tools
