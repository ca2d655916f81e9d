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

namespace pointsman {
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
  uint32_t arm_count = 1;
  bool is_panel = false;
  bool is_greedy = false;
  bool is_explained = false;
  std::string decision_id;
};

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
  request.set_arm_count(options.arm_count);
  request.set_purpose(options.is_panel ? v1::PANEL : v1::FALLBACK);
  request.set_mode(options.is_greedy ? v1::GREEDY : v1::EXPLORE);
  request.set_decision_id(options.decision_id);
  request.set_explain(options.is_explained);
  return request;
}

std::string Shown(const v1::RouteResponse& response, bool is_explained) {
  std::string text = response.arm() + "\n";
  for (const auto& further : response.further()) {
    text += absl::StrFormat("then %s (propensity %.4f)\n", further.arm(), further.propensity());
  }
  text += absl::StrFormat("decision %s, propensity %.4f, snapshot %d\n", response.decision_id(),
                          response.propensity(), response.snapshot_version());
  if (!response.logged()) {
    text += "warning: storage is broken; feedback for this decision will not be found\n";
  }
  if (response.embedder_fallback()) text += "note: decided without a context vector\n";
  TextTable table({"arm", "chance", "utility", "quality", "cost", "latency"});
  for (const auto& arm : response.ranking()) {
    const auto& expected = arm.expected();
    table.Add({arm.arm(), absl::StrFormat("%.2f%%", 100 * arm.probability()),
               absl::StrFormat("%.4f", arm.utility()),
               absl::StrFormat("%.3f +- %.3f", expected.quality(), expected.quality_stddev()),
               Dollars(expected.cost_usd()), absl::StrFormat("%.0f ms", expected.latency_ms())});
  }
  if (!response.ranking().empty()) text += "\n" + table.Text();
  if (!is_explained) return text;
  text += "\n";
  for (const auto& arm : response.ranking()) {
    if (!arm.reason().empty()) text += arm.arm() + ": " + arm.reason() + "\n";
  }
  return text;
}

}  // namespace

void AddRoute(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  CLI::App* command = AddCommand(app, "route", "ask which arm should answer a query",
                                 "  pointsman route \"Prove that 7 is prime\" --prefer 0.8,0.2,0 "
                                 "--max-cost 0.01 --explain");
  command->add_option("query", options->query, "the text")->required();
  command->add_option("--pool", options->pool, "pool to choose from")->capture_default_str();
  command->add_option("--prefer", options->preference,
                      "weights QUALITY,COST,LATENCY; the pool's default unless given");
  command->add_option("--max-cost", options->max_cost_usd, "most expected USD of this call");
  command->add_option("--max-latency-ms", options->max_latency_ms, "most expected latency in ms");
  command->add_option("--require-tag", options->require_tags, "only arms with this tag (repeat)")
      ->allow_extra_args(false);
  command->add_option("--allow-arm", options->allow_arms, "only this arm (repeat)")
      ->allow_extra_args(false);
  command->add_option("--deny-arm", options->deny_arms, "not this arm (repeat)")
      ->allow_extra_args(false);
  command->add_option("--context-tokens", options->context_tokens,
                      "the arm's context window must hold this many");
  command->add_option("--feature", options->features, "NAME=NUMBER that the pool declares (repeat)")
      ->allow_extra_args(false);
  command->add_option("--arms", options->arm_count, "how many arms to name")->capture_default_str();
  command->add_flag("--panel", options->is_panel, "further arms are drawn, not ordered by utility");
  command->add_flag("--greedy", options->is_greedy, "the best by utility; no exploration");
  command->add_option("--decision-id", options->decision_id,
                      "your own id: the same again gives the same decision");
  command->add_flag("--explain", options->is_explained, "show every candidate and its reason");
  OnChosen(command, cli, [options, &cli](GrpcClient& client) -> absl::Status {
    ASSIGN_OR_RETURN(const v1::RouteRequest request, RequestOf(*options));
    ASSIGN_OR_RETURN(const v1::RouteResponse response, client.Route(request));
    Print(cli.is_json ? JsonOf(response) : Shown(response, options->is_explained));
    return absl::OkStatus();
  });
}

}  // namespace pointsman
