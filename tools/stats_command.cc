// `pointsman stats` and `pointsman explain`: what was learned, and why a decision came out so.
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "tools/command.h"

namespace pointsman {
namespace {

std::string Shown(const v1::GetStatsResponse& stats) {
  const auto& feedback = stats.feedback();
  std::string text = absl::StrFormat(
      "pool %s: %d decisions since the start, %d outcomes learned, snapshot %d\n"
      "learner %s, exploration %s; %d past queries to compare with\n"
      "feedback: %d applied, %d merged, %d corrected, %d repeated, %d late, %d over "
      "weight, %d refused; %d never told\n",
      stats.pool(), stats.decisions(), stats.outcomes(), stats.snapshot_version(),
      stats.quality_model(), stats.exploration(), stats.experience_size(), feedback.applied(),
      feedback.merged(), feedback.corrected(), feedback.already_applied(), feedback.late(),
      feedback.over_weight(), feedback.refused(), stats.missing());
  if (stats.embedder_fallbacks() > 0) {
    text += absl::StrFormat("decided without a vector, since the embedder gave none: %d\n",
                            stats.embedder_fallbacks());
  }
  if (stats.state_checksum() != 0) {
    text += absl::StrFormat("checksum of all that was learned: %016x\n", stats.state_checksum());
  }
  text += "\n";
  TextTable table({"arm", "status", "chosen", "share", "outcomes", "quality", "level", "latency",
                   "p95", "cost", "errors"});
  for (const auto& arm : stats.arms()) {
    // A figure that nothing was ever said about is a dash, not a zero.
    const auto told = [&](double value, const std::string& shown) {
      return arm.outcomes() == 0 && value == 0 ? std::string("-") : shown;
    };
    table.Add({arm.name(), v1::ArmStatus_Name(arm.status()), Cat(arm.decisions()),
               absl::StrFormat("%.1f%%", 100 * arm.share()), Cat(arm.outcomes()),
               told(arm.quality(), absl::StrFormat("%.3f", arm.quality())),
               absl::StrFormat("%.3f +- %.3f", arm.level(), arm.level_stddev()),
               told(arm.latency_ms(), absl::StrFormat("%.0f ms", arm.latency_ms())),
               told(arm.latency_p95_ms(), absl::StrFormat("%.0f ms", arm.latency_p95_ms())),
               told(arm.cost_usd(), Dollars(arm.cost_usd())),
               told(arm.error_rate(), absl::StrFormat("%.1f%%", 100 * arm.error_rate()))});
  }
  return text + table.Text();
}

std::string Field(const char* name, bool is_known, double value) {
  return is_known ? absl::StrFormat(", %s %g", name, value) : "";
}

std::string Shown(const v1::ExplainResponse& decision) {
  const auto& w = decision.preference();
  std::string text = absl::StrFormat(
      "decision %s at snapshot %d, %s\npreference: quality %.4g, cost %.4g, latency %.4g\n",
      decision.decision_id(), decision.snapshot_version(), v1::Mode_Name(decision.mode()),
      w.quality(), w.cost(), w.latency());
  if (!decision.query_text().empty()) text += Cat("query: ", Quoted(decision.query_text()), "\n");
  for (const auto& chosen : decision.chosen()) {
    text += absl::StrFormat("chosen: %s, propensity %.6f\n", chosen.arm(), chosen.propensity());
  }
  for (const auto& outcome : decision.outcomes()) {
    text += Cat("outcome of ", outcome.arm(),
                Field("quality", outcome.has_quality(), outcome.quality()),
                Field("latency ms", outcome.has_latency_ms(), outcome.latency_ms()),
                Field("cost USD", outcome.has_cost_usd(), outcome.cost_usd()),
                outcome.error() ? ", it failed to answer" : "", "\n");
  }
  if (decision.outcomes().empty()) text += "no feedback yet\n";
  TextTable table({"candidate", "chance", "utility", "quality", "cost", "latency"});
  for (const auto& arm : decision.candidates()) {
    const auto& expected = arm.expected();
    table.Add({arm.arm(), absl::StrFormat("%.2f%%", 100 * arm.probability()),
               absl::StrFormat("%.4f", arm.utility()),
               absl::StrFormat("%.3f +- %.3f", expected.quality(), expected.quality_stddev()),
               Dollars(expected.cost_usd()), absl::StrFormat("%.0f ms", expected.latency_ms())});
  }
  text += "\n" + table.Text();
  for (const auto& arm : decision.candidates()) {
    if (!arm.reason().empty()) text += Cat(arm.arm(), ": ", arm.reason(), "\n");
  }
  return text;
}

}  // namespace

void AddStats(CLI::App& app, Cli& cli) {
  auto pool = std::make_shared<std::string>("default");
  CLI::App* command = AddCommand(app, "stats", "show what was learned of each arm",
                                 "  pointsman stats --pool default");
  auto with_checksum = std::make_shared<bool>(false);
  command->add_option("--pool", *pool, "the pool")->capture_default_str();
  command->add_flag("--checksum", *with_checksum,
                    "also of all that was learned: the same after a restart, and what `pointsman "
                    "verify` ends with");
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
  CLI::App* command = AddCommand(app, "explain", "show why a decision came out as it did",
                                 "  pointsman explain DECISION_ID");
  command->add_option("decision_id", *id, "of the Route answer")->required();
  command->add_option("--pool", *pool, "pool of the decision")->capture_default_str();
  OnChosen(command, cli, [request, id, pool, &cli](GrpcClient& client) -> absl::Status {
    request->set_pool(*pool);
    request->set_decision_id(*id);
    ASSIGN_OR_RETURN(const v1::ExplainResponse response, client.Explain(*request));
    Print(cli.is_json ? JsonOf(response) : Shown(response));
    return absl::OkStatus();
  });
}

}  // namespace pointsman
