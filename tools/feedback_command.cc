// `pointsman feedback`: reports the outcome of a decision.
#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/attempt.h"
#include "tools/command.h"
#include "tools/output.h"

namespace pointsman::tools {
namespace {

std::string Meaning(v1::FeedbackResult result) {
  switch (result) {
    case v1::APPLIED:
      return "learned";
    case v1::MERGED:
      return "added to the earlier feedback for this decision, and learned";
    case v1::CORRECTED:
      return "corrected or withdrew what was learned before";
    case v1::ALREADY_APPLIED:
      return "it contains nothing new";
    case v1::LATE:
      return "the pool's feedback window is over: logged, not learned; may be sent again";
    case v1::OVER_WEIGHT:
      return "this client has used up its weight on this arm for this hour: logged, not learned";
    case v1::CLOSED:
      return "nothing to learn; the decision does not count as missing feedback";
    default:
      return "unknown result";
  }
}

// CLI11 expects errors as exceptions.
template <class T>
T OrThrow(const char* flag, absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  throw CLI::ValidationError(flag, std::string(value.status().message()));
}

void AddKindsOfEnd(CLI::App* command, const std::shared_ptr<v1::FeedbackRequest>& request) {
  command->add_flag_callback(
      "--error", [request] { request->set_error(true); }, "the call failed");
  command->add_option_function<std::string>(
      "--error-kind",
      [request](const std::string& text) {
        request->set_error_kind(OrThrow("--error-kind", ParseErrorKind(text)));
      },
      "why it did not answer: provider, timeout, rate-limited, caller, content-filter or "
      "cancelled; implies --error");
  command->add_option_function<int64_t>(
      "--retry-after-ms", [request](int64_t value) { request->set_retry_after_ms(value); },
      "with rate-limited: how long to exclude the arm in ms [30000]");
  command->add_flag_callback(
      "--withdraw", [request] { request->set_withdraw(true); },
      "withdraw what was reported about this arm's call");
  command->add_flag_callback(
      "--not-served", [request] { request->set_not_served(true); },
      "close the decision: it was not carried out");
  command
      ->add_option_function<std::vector<std::string>>(
          "--attempt",
          [request](const std::vector<std::string>& attempts) {
            for (const std::string& text : attempts) {
              *request->add_attempts() = OrThrow("--attempt", ParseAttempt(text));
            }
          },
          "ARM[:ERROR_KIND[:LATENCY_MS[:COST_USD]]]: one call that was made (repeat, in order); "
          "the other options describe the last one")
      ->allow_extra_args(false);
}

}  // namespace

void AddFeedback(CLI::App& app, Cli& cli) {
  auto request = std::make_shared<v1::FeedbackRequest>();
  request->set_pool("default");
  CLI::App* command =
      AddCommand(app, "feedback", "report the outcome of a decision",
                 "  pointsman feedback DECISION_ID --quality 1 --latency-ms 800 --cost-usd 0.001\n"
                 "  pointsman feedback DECISION_ID --attempt gpt-4o:timeout:30000 --attempt "
                 "gpt-4o-mini --quality 1\n"
                 "  pointsman feedback DECISION_ID --withdraw");
  command
      ->add_option("decision_id", *request->mutable_decision_id(),
                   "decision id from the response to Route")
      ->required();
  command->add_option("--pool", *request->mutable_pool(), "pool of the decision")
      ->capture_default_str();
  command->add_option("--feedback-id", *request->mutable_feedback_id(),
                      "your own id; feedback with a repeated id is applied once");
  command->add_option(
      "--served-arm", *request->mutable_served_arm(),
      "arm that the feedback is about [the arm named by earlier feedback, at first the first "
      "arm]");
  const auto number = [&](const char* flag, void (v1::FeedbackRequest::*set)(double),
                          const char* help) {
    command->add_option_function<double>(
        flag, [request, set](double value) { ((*request).*set)(value); }, help);
  };
  const auto count = [&](const char* flag, void (v1::FeedbackRequest::*set)(int64_t),
                         const char* help) {
    command->add_option_function<int64_t>(
        flag, [request, set](int64_t value) { ((*request).*set)(value); }, help);
  };
  number("--quality", &v1::FeedbackRequest::set_quality, "quality of the answer, in [0, 1]");
  number("--latency-ms", &v1::FeedbackRequest::set_latency_ms,
         "duration of the call in ms, failed calls included");
  number("--cost-usd", &v1::FeedbackRequest::set_cost_usd,
         "cost of the call in USD, failed calls included");
  count("--input-tokens", &v1::FeedbackRequest::set_input_tokens,
        "input tokens of the call, cached ones included");
  count("--output-tokens", &v1::FeedbackRequest::set_output_tokens, "output tokens of the call");
  number("--first-token-ms", &v1::FeedbackRequest::set_first_token_ms,
         "time to the first token of the answer in ms");
  count("--cached-input-tokens", &v1::FeedbackRequest::set_cached_input_tokens,
        "how many of the input tokens were cached");
  count("--at-unix-ms", &v1::FeedbackRequest::set_at_unix_ms,
        "when it happened; if two reports set a field, the later time wins");
  AddKindsOfEnd(command, request);
  OnChosen(command, cli, [request, &cli](GrpcClient& client) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::FeedbackResponse response, client.Feedback(*request));
    if (cli.is_json) {
      Print(JsonOf(response));
      return absl::OkStatus();
    }
    Print(Cat(v1::FeedbackResult_Name(response.result()), ": ", Meaning(response.result()), "\n"));
    for (const auto& note : response.notes()) Print(Cat("note: ", OneLine(note), "\n"));
    return absl::OkStatus();
  });
}

}  // namespace pointsman::tools
