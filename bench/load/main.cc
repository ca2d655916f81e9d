// pointsman-load: puts a running server under load and reports the cost of a call. On request it takes turns
// with empty calls, to report the ratio.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "base/version.h"
#include "bench/load/fill.h"
#include "bench/load/load_report.h"
#include "bench/load/load_run.h"
#include "service/app/flags.h"
#include "tools/exit_code.h"
#include "tools/output.h"
#include "tools/progress_bar.h"

namespace pointsman::bench {
namespace {

struct Options {
  LoadOptions load;
  std::string mode = "route";
  std::string pool = "default";
  std::string versus_pool;
  std::string data;
  std::string json_file;
  std::size_t query_chars = 0;
  double duration_s = 10;
  double arm_changes_per_s = 0;
  bool has_baseline = false;
  bool is_streamed = false;
  std::size_t recall_queries = 0;
  std::size_t decisions = 0;
  bool is_fill = false;
  FillPlan fill;
};

absl::StatusOr<std::vector<LoadPhase>> PhasesOf(const Options& options) {
  std::vector<LoadPhase> phases;
  if (options.has_baseline)
    phases.push_back({.name = "empty", .kind = LoadKind::kEmpty, .pool = {}});
  LoadPhase main{.name = options.mode, .pool = options.pool};
  if (options.mode == "empty") main.kind = LoadKind::kEmpty;
  if (options.mode == "batch") main.kind = LoadKind::kBatch;
  if (options.mode == "feedback") main.kind = LoadKind::kFeedback;
  if (options.mode == "feedback-batch") main.kind = LoadKind::kFeedbackBatch;
  main.has_feedback = options.mode == "mixed";
  main.is_streamed = options.is_streamed;
  phases.push_back(main);
  if (!options.versus_pool.empty()) {
    LoadPhase versus = main;
    versus.pool = options.versus_pool;
    versus.name = options.mode + " in " + options.versus_pool;
    phases.push_back(versus);
  }
  if (options.arm_changes_per_s > 0) {
    LoadPhase changing = main;
    changing.arm_changes_per_s = options.arm_changes_per_s;
    changing.name = options.mode + " while arms change";
    phases.push_back(changing);
  }
  return phases;
}

absl::Status MeasureRecall(Connection& connection, const Workload& workload, const Options& options,
                           LoadReport& report) {
  v1::MeasureRecallRequest request;
  request.set_pool(options.pool);
  for (std::size_t i = 0; i < options.recall_queries; ++i) {
    request.add_queries(workload.Text(LoadRun::kFirstText + i));
  }
  grpc::ClientContext context;
  const grpc::Status status = connection.admin->MeasureRecall(&context, request, &report.recall);
  if (!status.ok()) return absl::InternalError(status.error_message());
  return absl::OkStatus();
}

absl::Status RunLoad(Options options) {
  ASSIGN_OR_RETURN(const Workload workload, Workload::Load(options.data, options.query_chars, 1));
  tools::ProgressBar bar;
  const auto show = [&bar](double share, const std::string& what) { bar.Show(share, what); };
  if (options.is_fill) {
    Connections connections(options.load.server, 1);
    options.fill.pool = options.pool;
    const absl::Status status = Fill(connections, workload, options.fill, show);
    if (!status.ok()) bar.Leave();
    return status;
  }
  ASSIGN_OR_RETURN(const std::vector<LoadPhase> phases, PhasesOf(options));
  options.load.rounds =
      std::max<std::size_t>(1, static_cast<std::size_t>(options.duration_s / options.load.slice_s));
  LoadRun run(options.load, workload);
  if (options.mode.starts_with("feedback")) {
    std::size_t count = options.decisions;
    if (count == 0) {
      const double per_call =
          options.mode == "feedback" ? 1 : static_cast<double>(options.load.batch);
      const double per_s = options.load.rate > 0 ? options.load.rate * per_call : 30000;
      count = static_cast<std::size_t>(per_s * (options.duration_s + options.load.warm_up_s));
    }
    RETURN_IF_ERROR(run.MakeDecisions(options.pool, count,
                                      [&](double share) { show(share, "making decisions"); }));
  }
  LoadReport report;
  auto phase_results = run.Run(phases, [&](double share, const LoadSlice& slice) {
    show(share, absl::StrFormat("%.0f/s, p99 %.2f ms, %d errors",
                                static_cast<double>(slice.calls.calls) / slice.seconds,
                                slice.calls.p99_us / 1000, slice.calls.errors));
  });
  if (!phase_results.ok()) {
    bar.Leave();
    return phase_results.status();
  }
  report.phases = *std::move(phase_results);
  if (options.recall_queries > 0) {
    Connections connections(options.load.server, 1);
    RETURN_IF_ERROR(MeasureRecall(connections.first(), workload, options, report));
  }
  tools::Print(TextOf(report));
  if (!options.json_file.empty()) {
    return tools::WriteFile(options.json_file, JsonTextOf(report));
  }
  return absl::OkStatus();
}

void AddOptions(CLI::App& app, Options& o) {
  app.add_option("--server", o.load.server, "HOST:PORT of pointsmand")
      ->envname("POINTSMAN_SERVER")
      ->default_val("127.0.0.1:7717");
  app.add_option("--data", o.data, "data folder with the queries and outcomes to use")->required();
  app.add_option("--pool", o.pool, "pool to call")->capture_default_str();
  app.add_option("--query-chars", o.query_chars, "length of each query in bytes; 0: as in the data")
      ->capture_default_str();
  app.add_option("--connections", o.load.connections, "number of connections to the server")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
}

void AddRunOptions(CLI::App& app, Options& o) {
  app.add_option("--mode", o.mode,
                 "route, feedback (for decisions made beforehand), mixed (each "
                 "route followed by its feedback), batch, feedback-batch, empty (health check)")
      ->check(CLI::IsMember({"route", "feedback", "mixed", "batch", "feedback-batch", "empty"}))
      ->capture_default_str();
  app.add_option("--rate", o.load.rate,
                 "open loop: calls per second, by a schedule; 0: closed loop")
      ->capture_default_str();
  app.add_option("--concurrency", o.load.concurrency, "closed loop: calls in flight")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--duration", o.duration_s, "seconds per kind of call")->capture_default_str();
  app.add_option("--slice", o.load.slice_s, "seconds before the next kind of call takes its turn")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warm-up", o.load.warm_up_s, "seconds per kind of call that are not counted")
      ->capture_default_str();
  app.add_flag("--baseline", o.has_baseline, "take turns with empty calls, and print the ratios");
  app.add_flag("--stream", o.is_streamed,
               "modes route, feedback and mixed: as items of RouteStream and FeedbackStream");
  app.add_option("--versus-pool", o.versus_pool, "take turns with the same calls to another pool");
  app.add_option(
      "--arm-changes", o.arm_changes_per_s,
      "take turns with the same calls while this many arms per second are put and removed");
  app.add_option("--batch", o.load.batch, "modes batch and feedback-batch: items per call")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--feedback-delay", o.load.feedback_delay_s,
                 "mode mixed: mean seconds from a decision to its feedback, exponential")
      ->capture_default_str();
  app.add_option("--decisions", o.decisions,
                 "modes feedback and feedback-batch: number of decisions to make beforehand; 0: "
                 "enough for the duration");
  app.add_option("--recall", o.recall_queries,
                 "afterwards, measure the indexes' recall on this many queries");
  app.add_option("--pid", o.load.pid, "process id of the server, to read its CPU time and memory");
  app.add_option("--seed", o.load.seed, "seed of the schedule")->capture_default_str();
  app.add_option("--json", o.json_file, "write all figures to a file");
}

void AddFill(CLI::App& app, Options& o) {
  CLI::App* fill = app.add_subcommand(
      "fill", "create a pool with arms, and let it route and learn a number of outcomes");
  fill->fallthrough();
  fill->add_option("--arms", o.fill.arms, "number of arms; the data's first, then generated ones")
      ->capture_default_str();
  fill->add_option("--outcomes", o.fill.outcomes, "number of outcomes to learn")
      ->capture_default_str();
  fill->add_option("--dim", o.fill.dimension, "dimensions of a query's vector")
      ->capture_default_str();
  fill->add_option("--embedder", o.fill.embedder, "as in a pool's file");
  fill->add_option("--learner", o.fill.learner, "as in a pool's file");
  fill->add_option("--experience-max", o.fill.experience_max,
                   "most outcomes in the index of past queries; 0: the default");
  fill->callback([&o] { o.is_fill = true; });
}

}  // namespace
}  // namespace pointsman::bench

int main(int argc, char** argv) {
  pointsman::bench::Options options;
  CLI::App app(
      "pointsman-load puts a running pointsmand under load and reports the cost of a call.\n"
      "  pointsman-load fill --data deploy/sample --outcomes 100000\n"
      "  pointsman-load --data deploy/sample --mode mixed --baseline --pid $(pidof pointsmand)",
      "pointsman-load");
  pointsman::bench::AddOptions(app, options);
  pointsman::bench::AddRunOptions(app, options);
  pointsman::bench::AddFill(app, options);
  app.footer("Exit codes: 0 it worked, 2 bad arguments; others as for pointsman");
  if (const auto code = pointsman::service::ParseFlags(app, pointsman::Version(), argc, argv))
    return *code;
  const absl::Status status = pointsman::bench::RunLoad(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "pointsman-load: %s\n", pointsman::ToStd(status.message()).data());
  return static_cast<int>(pointsman::tools::ExitCodeOf(status));
}
