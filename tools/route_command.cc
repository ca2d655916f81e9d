// `pointsman route`: which arm should answer.
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/command.h"
#include "tools/grpc_router.h"
#include "tools/output.h"
#include "tools/ranking_text.h"

namespace pointsman::tools {
namespace {

struct Options {
  std::string query;
  std::string pool = "default";
  std::string preference;
  std::optional<double> max_cost_usd;
  std::optional<double> max_latency_ms;
  std::vector<std::string> require_tags;
  std::vector<std::string> allow_arms;
  std::vector<std::string> deny_arms;
  std::vector<std::string> features;
  int64_t context_tokens = 0;
  int64_t input_tokens = 0;
  int64_t max_output_tokens = 0;
  std::string latency;
  bool allows_unknown = false;
  uint32_t arm_count = 1;
  bool is_panel = false;
  bool is_greedy = false;
  bool is_preview = false;
  bool is_explained = false;
  std::string decision_id;
};

absl::Status FillFeatures(const Options& options, v1::RouteRequest& request) {
  for (const std::string& feature : options.features) {
    const std::size_t equals = feature.find('=');
    double value = 0;
    const char* const end = feature.data() + feature.size();
    const char* const begin = equals == std::string::npos ? end : feature.data() + equals + 1;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end) {
      return InvalidArgument("--feature is ", Quoted(feature), "; expected NAME=NUMBER");
    }
    (*request.mutable_features())[feature.substr(0, equals)] = value;
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::RouteRequest> RequestOf(const Options& options) {
  v1::RouteRequest request;
  request.set_pool(options.pool);
  request.set_query(options.query);
  if (!options.preference.empty()) {
    ASSIGN_OR_RETURN(const Preference preference, ParsePreference(options.preference));
    *request.mutable_preference() = ToMessage(preference);
  }
  v1::Constraints& constraints = *request.mutable_constraints();
  if (options.max_cost_usd) constraints.set_max_cost_usd(*options.max_cost_usd);
  if (options.max_latency_ms) constraints.set_max_latency_ms(*options.max_latency_ms);
  for (const auto& tag : options.require_tags) constraints.add_require_tags(tag);
  for (const auto& arm : options.allow_arms) constraints.add_allow_arms(arm);
  for (const auto& arm : options.deny_arms) constraints.add_deny_arms(arm);
  constraints.set_context_tokens(options.context_tokens);
  constraints.set_allow_unknown(options.allows_unknown);
  RETURN_IF_ERROR(FillFeatures(options, request));
  request.set_input_tokens(options.input_tokens);
  request.set_max_output_tokens(options.max_output_tokens);
  if (options.latency == "first-token") request.set_latency_kind(v1::FIRST_TOKEN);
  if (options.latency == "total") request.set_latency_kind(v1::TOTAL);
  request.set_arm_count(options.arm_count);
  request.set_purpose(options.is_panel ? v1::PANEL : v1::FALLBACK);
  request.set_mode(options.is_preview ? v1::PREVIEW : options.is_greedy ? v1::GREEDY : v1::EXPLORE);
  request.set_decision_id(options.decision_id);
  request.set_explain(options.is_explained);
  return request;
}

// "propensity 0.1134"; and ", inclusion 0.0118" where the arm was not a candidate by right. A server before 0.3
// reports no inclusion.
std::string Chance(double propensity, double inclusion) {
  std::string text = absl::StrFormat("propensity %.4f", propensity);
  if (inclusion > 0 && inclusion < 1) text += absl::StrFormat(", inclusion %.4f", inclusion);
  return text;
}

std::string Head(const v1::RouteResponse& response, bool is_preview) {
  std::string text = OneLine(response.arm()) + "\n";
  for (const auto& further : response.further()) {
    text += Cat("then ", OneLine(further.arm()), " (",
                Chance(further.propensity(), further.inclusion()), ")\n");
  }
  const std::string chance = Chance(response.propensity(), response.inclusion());
  if (is_preview) {
    text +=
        Cat("preview, not recorded; ", chance, ", snapshot ", response.snapshot_version(), "\n");
  } else {
    text += Cat("decision ", OneLine(response.decision_id()), ", ", chance, ", snapshot ",
                response.snapshot_version(), "\n");
  }
  if (!response.logged() && !is_preview) {
    text +=
        "warning: the server cannot write to its storage, so this decision is not recorded and "
        "cannot take feedback\n";
  }
  if (response.group() == v1::CONTROL) {
    text += "control group: the baseline chose, not the pool\n";
  }
  if (response.embedder_fallback()) text += "note: decided without a context vector\n";
  for (const auto& note : response.notes()) text += Cat("note: ", OneLine(note), "\n");
  return text;
}

std::string Shown(const v1::RouteResponse& response, const Options& options) {
  std::string text = Head(response, options.is_preview);
  if (!response.ranking().empty()) text += "\n" + RankingTable(response.ranking(), "arm");
  if (!options.is_explained) return text;
  text += "\n" + Reasons(response.ranking());
  if (!response.not_candidates().empty()) text += "not candidates:\n";
  for (const auto& arm : response.not_candidates()) {
    text += Cat("  ", OneLine(arm.arm()), ": ", OneLine(arm.reason()), "\n");
  }
  return text;
}

}  // namespace

void AddRoute(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommand(app, "route", "ask which arm should answer a query",
                                 "  pointsman route \"Prove that 7 is prime\" --prefer 0.8,0.2,0 "
                                 "--max-cost 0.01 --explain");
  command->add_option("query", options->query, "text of the query")->required();
  command->add_option("--pool", options->pool, "pool to choose from")->capture_default_str();
  command->add_option("--prefer", options->preference,
                      "weights QUALITY,COST,LATENCY [the pool's default]");
  command->add_option("--max-cost", options->max_cost_usd,
                      "highest expected cost of the call in USD; excludes arms of unknown cost");
  command->add_option("--max-latency-ms", options->max_latency_ms,
                      "highest expected latency in ms; excludes arms of unknown latency");
  command
      ->add_option("--require-tag", options->require_tags,
                   "consider only arms with this tag (repeat)")
      ->allow_extra_args(false);
  command->add_option("--allow-arm", options->allow_arms, "consider only this arm (repeat)")
      ->allow_extra_args(false);
  command->add_option("--deny-arm", options->deny_arms, "exclude this arm (repeat)")
      ->allow_extra_args(false);
  command->add_flag("--allow-unknown", options->allows_unknown,
                    "arms of unknown cost or latency pass --max-cost and --max-latency-ms");
  command->add_option("--context-tokens", options->context_tokens,
                      "tokens that the arm's context window must hold [the server's count]");
  command->add_option("--input-tokens", options->input_tokens,
                      "input tokens you will be billed for [the server's estimate]");
  command->add_option("--max-output-tokens", options->max_output_tokens,
                      "output token limit that you will set for the call");
  command
      ->add_option("--latency", options->latency,
                   "latency to weigh and limit: first-token or total [the pool's]")
      ->check(CLI::IsMember({"first-token", "total"}));
  command
      ->add_option("--feature", options->features,
                   "NAME=NUMBER, a feature that the pool declares (repeat)")
      ->allow_extra_args(false);
  command->add_option("--arms", options->arm_count, "number of arms to return")
      ->capture_default_str();
  command->add_flag("--panel", options->is_panel,
                    "draw the further arms at random instead of ordering them by utility");
  auto* greedy = command->add_flag("--greedy", options->is_greedy,
                                   "choose the arm of the best expected utility; do not explore");
  command
      ->add_flag("--preview", options->is_preview,
                 "decide without recording, counting or learning anything")
      ->excludes(greedy);
  command->add_option("--decision-id", options->decision_id,
                      "your own id; a repeated id returns the same decision");
  command->add_flag("--explain", options->is_explained,
                    "show every arm, with the reason it was or was not a candidate");
  OnChosen(command, cli, [options, &cli](GrpcClient& client) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::RouteRequest request, RequestOf(*options));
    ASSIGN_OR_RETURN(const v1::RouteResponse response, client.Route(request));
    Print(cli.is_json ? JsonOf(response) : Shown(response, *options));
    return absl::OkStatus();
  });
}

}  // namespace pointsman::tools
