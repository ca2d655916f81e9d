// `pointsman feedback`: how a decision went.
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
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
      return "corrected a value learned before";
    case v1::ALREADY_APPLIED:
      return "nothing new in it";
    case v1::LATE:
      return "after the pool's feedback window: logged, not learned";
    case v1::OVER_WEIGHT:
      return "this client's weight on this arm is used up for this hour: logged, not learned";
    default:
      return "unknown result";
  }
}

}  // namespace

void AddFeedback(CLI::App& app, Cli& cli) {
  auto request = std::make_shared<v1::FeedbackRequest>();
  request->set_pool("default");
  CLI::App* command =
      AddCommand(app, "feedback", "tell how a decision went",
                 "  pointsman feedback DECISION_ID --quality 1 --latency-ms 800 --cost-usd 0.001");
  command->add_option("decision_id", *request->mutable_decision_id(), "of the Route answer")
      ->required();
  command->add_option("--pool", *request->mutable_pool(), "pool of the decision")
      ->capture_default_str();
  command->add_option("--feedback-id", *request->mutable_feedback_id(),
                      "your own id: the same again is applied once");
  command->add_option("--served-arm", *request->mutable_served_arm(),
                      "who really answered, if not the first arm");
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
  command->add_flag_callback(
      "--error", [request] { request->set_error(true); }, "the arm failed to answer");
  OnChosen(command, cli, [request, &cli](GrpcClient& client) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::FeedbackResponse response, client.Feedback(*request));
    if (cli.is_json) {
      Print(JsonOf(response));
      return absl::OkStatus();
    }
    Print(Cat(v1::FeedbackResult_Name(response.result()), ": ", Meaning(response.result()), "\n"));
    return absl::OkStatus();
  });
}

}  // namespace pointsman
