// `pointsman feedback`: how a decision went.
#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/attempt.h"
#include "tools/command.h"

namespace pointsman {
namespace {

std::string Meaning(v1::FeedbackResult result) {
  switch (result) {
    case v1::APPLIED:
      return "learned";
    case v1::MERGED:
      return "added to what was known of this decision, and learned";
    case v1::CORRECTED:
      return "corrected or took back what was learned before";
    case v1::ALREADY_APPLIED:
      return "nothing new in it";
    case v1::LATE:
      return "after the pool's feedback window: logged, not learned; may be sent again";
    case v1::OVER_WEIGHT:
      return "this client's weight on this arm is used up for this hour: logged, not learned";
    case v1::CLOSED:
      return "nothing to learn, and silence is not counted";
    default:
      return "unknown result";
  }
}

// For CLI11, which takes errors as exceptions.
template <class T>
T OrThrow(const char* flag, absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  throw CLI::ValidationError(flag, std::string(value.status().message()));
}

void AddKindsOfEnd(CLI::App* command, const std::shared_ptr<v1::FeedbackRequest>& request) {
  command->add_flag_callback(
      "--error", [request] { request->set_error(true); }, "the arm failed to answer");
  command->add_option_function<std::string>(
      "--error-kind",
      [request](const std::string& text) {
        request->set_error_kind(OrThrow("--error-kind", ParseErrorKind(text)));
      },
      "why: provider, timeout, rate-limited, caller, content-filter or cancelled; implies --error");
  command->add_option_function<int64_t>(
      "--retry-after-ms", [request](int64_t value) { request->set_retry_after_ms(value); },
      "with rate-limited: how long the arm is left out [30000]");
  command->add_flag_callback(
      "--withdraw", [request] { request->set_withdraw(true); },
      "take back what was said of this arm's call");
  command->add_flag_callback(
      "--not-served", [request] { request->set_not_served(true); },
      "the decision was not carried out: close it");
  command
      ->add_option_function<std::vector<std::string>>(
          "--attempt",
          [request](const std::vector<std::string>& attempts) {
            for (const std::string& text : attempts) {
              *request->add_attempts() = OrThrow("--attempt", ParseAttempt(text));
            }
          },
          "ARM[:ERROR_KIND[:LATENCY_MS[:COST_USD]]]: a call that was made, in order (repeat); the "
          "other options are about the last")
      ->allow_extra_args(false);
}

}  // namespace

void AddFeedback(CLI::App& app, Cli& cli) {
  auto request = std::make_shared<v1::FeedbackRequest>();
  request->set_pool("default");
  CLI::App* command =
      AddCommand(app, "feedback", "tell how a decision went",
                 "  pointsman feedback DECISION_ID --quality 1 --latency-ms 800 --cost-usd 0.001\n"
                 "  pointsman feedback DECISION_ID --attempt gpt-4o:timeout:30000 --attempt "
                 "gpt-4o-mini --quality 1\n"
                 "  pointsman feedback DECISION_ID --withdraw");
  command->add_option("decision_id", *request->mutable_decision_id(), "of the Route answer")
      ->required();
  command->add_option("--pool", *request->mutable_pool(), "pool of the decision")
      ->capture_default_str();
  command->add_option("--feedback-id", *request->mutable_feedback_id(),
                      "your own id: the same again is applied once");
  command->add_option("--served-arm", *request->mutable_served_arm(),
                      "whom this is about, if not the first arm");
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
  number("--quality", &v1::FeedbackRequest::set_quality, "of the answer, in [0, 1]");
  number("--latency-ms", &v1::FeedbackRequest::set_latency_ms, "of the answer, in ms");
  number("--cost-usd", &v1::FeedbackRequest::set_cost_usd, "of the answer, in USD");
  count("--input-tokens", &v1::FeedbackRequest::set_input_tokens, "of the call");
  count("--output-tokens", &v1::FeedbackRequest::set_output_tokens, "of the call");
  number("--first-token-ms", &v1::FeedbackRequest::set_first_token_ms,
         "until the first token of the answer, in ms");
  count("--cached-input-tokens", &v1::FeedbackRequest::set_cached_input_tokens,
        "of the input tokens, those that were cached");
  count("--at-unix-ms", &v1::FeedbackRequest::set_at_unix_ms,
        "when it happened; of two reports of one field the later wins");
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

}  // namespace pointsman
