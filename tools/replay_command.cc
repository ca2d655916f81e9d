// `pointsman replay`: streams a data set through a router and shows what it learned.
#include <filesystem>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/in_process_client.h"
#include "evaluation/replay/replay.h"
#include "evaluation/report/plot.h"
#include "evaluation/report/report.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/grpc_router.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/replay_options.h"

namespace pointsman::tools {
namespace {

struct Options {
  DataOptions data;
  std::string preference = "1,0,0";
  std::string server;
  bool is_in_process = false;
  std::string json;
  std::string svg;
  bool is_text_curve = false;
  evaluation::ReplayOptions replay;
};

void Show(const evaluation::ReplayProgress& progress, ProgressBar& bar) {
  const std::size_t total = progress.rounds * progress.seeds;
  const std::size_t done = progress.rounds * progress.seed_index + progress.round;
  bar.Show(
      static_cast<double>(done) / static_cast<double>(total),
      absl::StrFormat("seed %d of %d, round %d of %d, mean utility %.4f", progress.seed_index + 1,
                      progress.seeds, progress.round, progress.rounds, progress.mean_utility));
}

absl::Status Run(Options options, Cli& cli) {
  ASSIGN_OR_RETURN(options.replay.preference, ParsePreference(options.preference));
  ASSIGN_OR_RETURN(const evaluation::Dataset dataset, LoadData(options.data, options.replay));

  evaluation::RouterClientFactory connect = evaluation::InProcessFactory({});
  if (!options.is_in_process) {
    cli.called = options.server;
    ASSIGN_OR_RETURN(GrpcOptions client, ClientOptions(cli));
    client.server = options.server;
    client.retry_for_ms = kReplayRetryMs;
    connect = GrpcFactory(client);
  }
  ProgressBar bar(cli.is_json);
  const auto report = evaluation::RunReplay(
      dataset, options.replay, connect,
      [&bar](const evaluation::ReplayProgress& progress) { Show(progress, bar); });
  if (!report.ok()) {
    bar.Leave();
    if (ExitCodeOf(report.status()) == ExitCode::kSkipped) {
      cli.called.clear();
      const std::string why(ToStd(report.status().message()));
      if (!options.json.empty())
        RETURN_IF_ERROR(WriteFile(options.json, evaluation::SkippedJson(why)));
    }
    return report.status();
  }
  cli.called.clear();
  Print(cli.is_json ? evaluation::ReportJson(*report) : evaluation::ReportTable(*report));
  if (options.is_text_curve && !cli.is_json) Print("\n" + evaluation::ReportText(*report));
  if (!options.json.empty())
    RETURN_IF_ERROR(WriteFile(options.json, evaluation::ReportJson(*report)));
  if (!options.svg.empty()) RETURN_IF_ERROR(WriteFile(options.svg, evaluation::ReportSvg(*report)));
  return absl::OkStatus();
}

}  // namespace

void AddReplay(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  evaluation::ReplayOptions& replay = options->replay;
  LearnerSettings& learner = replay.settings.learner;
  CLI::App* command = AddCommand(
      app, "replay", "stream a data set through a router and show what it learned",
      "  pointsman replay --in-process --data deploy/sample --prefer 0.8,0.2,0 --seeds 3 --svg "
      "curve.svg\n"
      "  pointsman replay --server 127.0.0.1:7717 --data deploy/sample --rounds 1000\n"
      "\n"
      "A data folder contains queries.jsonl, models.json and outcomes.tsv (each plain or .gz), "
      "and\n"
      "optionally pools.json with named subsets of models. Every query is played at most once.\n"
      "Exit code 6: the preference weighs a cost or a latency that the data do not record.");
  AddReplayOptions(command, options->data, replay);
  auto* server =
      command->add_option("--server", options->server, "play against the pointsmand at HOST:PORT");
  auto* in_process = command->add_flag("--in-process", options->is_in_process,
                                       "play against an engine in this process (the default)");
  server->excludes(in_process);
  command->add_option("--prefer", options->preference, "weights QUALITY,COST,LATENCY")
      ->capture_default_str();
  command->add_option("--learner", learner.quality_model, "quality model")->capture_default_str();
  command
      ->add_option("--explore", learner.exploration,
                   "how arms are drawn: thompson, squarecb, epsilon_greedy, softmax or greedy")
      ->capture_default_str();
  command->add_option("--json", options->json, "write the figures to this file");
  command->add_option("--svg", options->svg, "draw the learning curve to this file");
  command->add_flag("--curve", options->is_text_curve, "show the learning curve as text");
  command->add_flag("--keep-pool", replay.is_pool_kept,
                    "do not delete the pool on the server at the end");
  command->callback([options, server, &cli] {
    options->is_in_process = server->count() == 0;
    cli.what = "replay";
    cli.run = [options, &cli] { return Run(*options, cli); };
  });
}

}  // namespace pointsman::tools
