// `pointsman stats` and `pointsman explain`: show what was learned, and why a decision was made.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/command.h"
#include "tools/event_text.h"
#include "tools/output.h"
#include "tools/ranking_text.h"

namespace pointsman::tools {
namespace {

std::string Shown(const v1::GetStatsResponse& stats) {
  const auto& feedback = stats.feedback();
  std::string text = absl::StrFormat(
      "pool %s: %d decisions since the start, %d outcomes learned, snapshot %d\n"
      "learner %s, exploration %s; %d past queries in the search index\n"
      "feedback: %d applied, %d merged, %d corrected, %d repeated, %d late, %d over weight, %d "
      "closed, %d refused; %d decisions whose window ended without feedback\n",
      stats.pool(), stats.decisions(), stats.outcomes(), stats.snapshot_version(),
      stats.quality_model(), stats.exploration(), stats.experience_size(), feedback.applied(),
      feedback.merged(), feedback.corrected(), feedback.already_applied(), feedback.late(),
      feedback.over_weight(), feedback.closed(), feedback.refused(), stats.missing());
  if (stats.embedder_fallbacks() > 0) {
    text += absl::StrFormat("decided without a vector because the embedder failed: %d\n",
                            stats.embedder_fallbacks());
  }
  if (stats.state_checksum() != 0) {
    text += absl::StrFormat("checksum of the learned state: %016x\n", stats.state_checksum());
  }
  text += "\n";
  const bool has_first_token =
      std::any_of(stats.arms().begin(), stats.arms().end(),
                  [](const v1::ArmStats& arm) { return arm.has_first_token_ms(); });
  std::vector<std::string> head = {"arm",   "status",  "chosen", "share", "outcomes", "quality",
                                   "level", "latency", "p95",    "cost",  "errors"};
  if (has_first_token) head.emplace_back("first token");
  TextTable table(head);
  std::string limited;
  for (const auto& arm : stats.arms()) {
    std::vector<std::string> row = {
        OneLine(arm.name()),
        v1::ArmStatus_Name(arm.status()),
        Cat(arm.decisions()),
        absl::StrFormat("%.1f%%", 100 * arm.share()),
        Cat(arm.outcomes()),
        arm.has_quality() ? absl::StrFormat("%.3f", arm.quality()) : "unknown",
        absl::StrFormat("%.3f +- %.3f", arm.level(), arm.level_stddev()),
        MillisOr(arm.has_latency_ms(), arm.latency_ms()),
        MillisOr(arm.has_latency_p95_ms(), arm.latency_p95_ms()),
        DollarsOr(arm.has_cost_usd(), arm.cost_usd()),
        arm.outcomes() == 0 ? "unknown" : absl::StrFormat("%.1f%%", 100 * arm.error_rate())};
    if (has_first_token) row.push_back(MillisOr(arm.has_first_token_ms(), arm.first_token_ms()));
    table.Add(std::move(row));
    if (arm.rate_limited_until_unix_ms() > 0) {
      limited += Cat(OneLine(arm.name()), " is rate limited, and excluded until ",
                     TimeText(arm.rate_limited_until_unix_ms() * kMicrosPerMs), "\n");
    }
  }
  return text + table.Text() + limited;
}

template <class Number>
std::string Field(const char* name, bool is_known, Number value) {
  return is_known ? Cat(", ", name, " ", value) : "";
}

std::string Shown(const v1::ExplainResponse& decision) {
  const auto& w = decision.preference();
  std::string text = absl::StrFormat(
      "decision %s at snapshot %d, %s\npreference: quality %.4g, cost %.4g, latency %.4g\n",
      decision.decision_id(), decision.snapshot_version(), v1::Mode_Name(decision.mode()),
      w.quality(), w.cost(), w.latency());
  if (!decision.query_text().empty()) text += Cat("query: ", Quoted(decision.query_text()), "\n");
  for (const auto& chosen : decision.chosen()) {
    text += absl::StrFormat("chosen: %s, propensity %.6f", chosen.arm(), chosen.propensity());
    if (chosen.inclusion() < 1) text += absl::StrFormat(", inclusion %.6f", chosen.inclusion());
    text += "\n";
  }
  for (const auto& outcome : decision.outcomes()) {
    text += Cat(
        "outcome of ", outcome.arm(), Field("quality", outcome.has_quality(), outcome.quality()),
        Field("latency ms", outcome.has_latency_ms(), outcome.latency_ms()),
        Field("cost USD", outcome.has_cost_usd(), outcome.cost_usd()),
        Field("input tokens", outcome.has_input_tokens(), outcome.input_tokens()),
        Field("cached", outcome.has_cached_input_tokens(), outcome.cached_input_tokens()),
        Field("output tokens", outcome.has_output_tokens(), outcome.output_tokens()),
        Field("first token ms", outcome.has_first_token_ms(), outcome.first_token_ms()),
        outcome.error() ? ", no answer" : "",
        outcome.has_error_kind() ? Cat(" (", v1::ErrorKind_Name(outcome.error_kind()), ")") : "",
        "\n");
  }
  if (decision.outcomes().empty()) text += "no feedback yet\n";
  text += "\n" + RankingTable(decision.candidates(), "candidate");
  return text + Reasons(decision.candidates());
}

}  // namespace

void AddStats(CLI::App& app, Cli& cli) {
  auto pool = std::make_shared<std::string>("default");
  CLI::App* command = AddCommand(app, "stats", "show what was learned about each arm",
                                 "  pointsman stats --pool default");
  auto with_checksum = std::make_shared<bool>(false);
  command->add_option("--pool", *pool, "name of the pool")->capture_default_str();
  command->add_flag("--checksum", *with_checksum,
                    "also show the checksum of the learned state: it survives a restart, and "
                    "`pointsman verify` prints the same");
  OnChosen(command, cli, [pool, with_checksum, &cli](GrpcClient& client) -> absl::Status {
    v1::GetStatsRequest request;
    request.set_pool(*pool);
    request.set_with_checksum(*with_checksum);
    ASSIGN_OR_RETURN(const v1::GetStatsResponse response, client.GetStats(request));
    Print(cli.is_json ? JsonOf(response) : Shown(response));
    return absl::OkStatus();
  });
}

void AddExplain(CLI::App& app, Cli& cli) {
  auto request = std::make_shared<v1::ExplainRequest>();
  auto id = std::make_shared<std::string>();
  auto pool = std::make_shared<std::string>("default");
  CLI::App* command =
      AddCommand(app, "explain", "show why a decision was made", "  pointsman explain DECISION_ID");
  command->add_option("decision_id", *id, "decision id from the response to Route")->required();
  command->add_option("--pool", *pool, "pool of the decision")->capture_default_str();
  OnChosen(command, cli, [request, id, pool, &cli](GrpcClient& client) -> absl::Status {
    request->set_pool(*pool);
    request->set_decision_id(*id);
    ASSIGN_OR_RETURN(const v1::ExplainResponse response, client.Explain(*request));
    Print(cli.is_json ? JsonOf(response) : Shown(response));
    return absl::OkStatus();
  });
}

}  // namespace pointsman::tools
