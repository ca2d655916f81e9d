#include "tools/exit_code.h"

#include "base/strings.h"
#include "evaluation/replay/replay.h"
#include "engine/request/requests.h"

namespace pointsman {
namespace {

std::string AdviceByReason(std::string_view reason) {
  if (reason == reason::kPoolUnknown) {
    return "`pointsman pool list` shows the pools; `pointsman pool create FILE` makes one";
  }
  if (reason == reason::kPoolExists) {
    return "`pointsman pool put FILE` changes it; `pointsman pool delete NAME --yes` forgets it";
  }
  if (reason == reason::kArmUnknown) return "`pointsman arm list` shows the arms of a pool";
  if (reason == reason::kArmExists) {
    return "`pointsman arm set NAME` changes it; --reset too, if another model answers under its "
           "name";
  }
  if (reason == reason::kImportUnknown) {
    return "check the id: `pointsman import` prints it, and `pointsman log` shows it as "
           "import:ID:INDEX; an import older than the log cannot be found";
  }
  if (reason == reason::kImportIdReused) {
    return "give other content another --import-id, or take back the first (`import --undo ID`)";
  }
  if (reason == reason::kImportNotUndone) {
    return "`pointsman pool reembed` makes a new pool of what the log still has; a backup from "
           "before "
           "the import has none of it";
  }
  if (reason == reason::kEmbedderUnusable) {
    return "`pointsman pool get NAME` says what is wrong with the pool's embedder";
  }
  if (reason == reason::kStopping)
    return "send it again when the server is up; the same ids apply once";
  if (reason == reason::kDecisionUnknown) {
    return "check the decision id and the pool (--pool); a decision made while storage was broken "
           "is not kept";
  }
  if (reason == reason::kDecisionExpired) {
    return "send feedback sooner, or raise decision_ttl_s in the server's config";
  }
  if (reason == reason::kDecisionIdReused) return "give each request its own decision id";
  if (reason == reason::kFeedbackIdReused) return "give each feedback its own feedback id";
  if (reason == reason::kServedArmFixed) return "the arm that served cannot be changed afterwards";
  if (reason == reason::kPoolEmpty) return "`pointsman arm add NAME` adds an arm";
  if (reason == reason::kNoArmPasses) {
    return "loosen the constraints; the message has the reason per arm";
  }
  if (reason == reason::kSettingFixed) return "make a new pool with the other setting";
  if (reason == reason::kLimit) return "raise the limit in the server's config, or send less";
  if (reason == reason::kQueueFull) return "send it again in a moment; the same ids apply once";
  if (reason == reason::kStorageBroken) {
    return "look at the server's log and its disk; it goes on by itself when the disk takes writes "
           "again; keep the feedback and send it again";
  }
  if (reason == reason::kEmbedderUnavailable) {
    return "see that the embedder runs and has the model and the key that `embedders` in the "
           "server's config names; `curl URL/models` asks it";
  }
  if (reason == reason::kToken) {
    return "--token-file FILE or POINTSMAN_TOKEN gives one; `pointsman token create` makes one";
  }
  if (reason == reason::kForbidden) {
    return "`pointsman token create` makes a token with other scopes or pools";
  }
  if (reason == reason::kClientRate || reason == reason::kTooManyCalls) {
    return "send less at a time, or raise the limit in the server's config";
  }
  if (reason == reason::kDataLacks) return "`--prefer 1,0,0` asks for quality alone";
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
      return "the server was too slow; --timeout-ms waits longer";
    case absl::StatusCode::kResourceExhausted:  // gRPC's own: ours have a reason
      return "send less in one call, or raise message_bytes_max in the server's config";
    case absl::StatusCode::kUnimplemented:
      return "the server is of another version; use the client built with it";
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return server.empty() ? "" : "the server's log may say more";
    default:
      return "";
  }
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (ReasonOf(status) == reason::kDataLacks) return ExitCode::kSkipped;
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
         "  5  the state of things forbids it (exists already, no arm passes the constraints, "
         "...)\n"
         "  6  skipped: the data lack what was asked\n"
         "  7  stored data are damaged, or not what the log says\n"
         "  8  no token, or one that may not do this\n"
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

}  // namespace pointsman
