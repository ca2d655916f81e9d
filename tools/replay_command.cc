// `pointsman replay`: streams a data set through a router and shows what it learned.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/dataset.h"
#include "evaluation/in_process_client.h"
#include "evaluation/plot.h"
#include "evaluation/replay.h"
#include "evaluation/report.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/grpc_router.h"

namespace pointsman {
namespace {

struct Options {
  std::string data;
  std::string pool;
  std::string preference = "1,0,0";
  std::string server;
  bool is_in_process = false;
  double round_ms = 1000;
  std::string json;
  std::string svg;
  bool is_text_curve = false;
  ReplayOptions replay;
};

// Progress on stderr: a bar that moves on a terminal, a line every tenth elsewhere.
class ProgressBar {
 public:
  void Show(const ReplayProgress& progress) {
    const std::size_t total = progress.rounds * progress.seeds;
    const std::size_t done = progress.rounds * progress.seed_index + progress.round;
    const std::size_t step = (is_terminal_ ? 200 : 10) * done / total;
    if (step == last_step_ && done != total) return;
    last_step_ = step;
    const double share = static_cast<double>(done) / static_cast<double>(total);
    const std::string place =
        absl::StrFormat("seed %d of %d, round %d of %d, mean utility %.4f", progress.seed_index + 1,
                        progress.seeds, progress.round, progress.rounds, progress.mean_utility);
    if (is_terminal_) {
      constexpr std::size_t kWidth = 24;
      const auto filled = static_cast<std::size_t>(share * kWidth);
      std::fprintf(stderr, "\r[%s%s] %3.0f%%  %s\x1b[K%s", std::string(filled, '#').c_str(),
                   std::string(kWidth - filled, '.').c_str(), 100 * share, place.c_str(),
                   done == total ? "\n" : "");
    } else {
      std::fprintf(stderr, "%3.0f%%  %s\n", 100 * share, place.c_str());
    }
    std::fflush(stderr);
  }
  // Leaves a half-drawn bar behind, so that an error starts on its own line.
  void Leave() const {
    if (is_terminal_ && last_step_ > 0 && last_step_ < 200) std::fputc('\n', stderr);
  }

 private:
  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  std::size_t last_step_ = 0;
};

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    return FailedPrecondition("cannot write ", path, "; check that the folder exists and has room");
  }
  return absl::OkStatus();
}

absl::Status Run(Options options, Cli& cli) {
  ASSIGN_OR_RETURN(options.replay.preference, ParsePreference(options.preference));
  options.replay.round_length =
      static_cast<Micros>(options.round_ms * static_cast<double>(kMicrosPerMs));
  ASSIGN_OR_RETURN(const Dataset dataset, LoadDataset(options.data, options.pool));

  RouterClientFactory connect = InProcessFactory({});
  if (!options.is_in_process) {
    cli.called = options.server;
    connect = GrpcFactory(
        {.server = options.server, .deadline_ms = cli.timeout_ms, .retry_for_ms = kReplayRetryMs});
  }
  ProgressBar bar;
  const auto report = RunReplay(dataset, options.replay, connect,
                                [&bar](const ReplayProgress& progress) { bar.Show(progress); });
  if (!report.ok()) {
    bar.Leave();
    if (ExitCodeOf(report.status()) == ExitCode::kSkipped) {
      cli.called.clear();
      const std::string why(ToStd(report.status().message()));
      if (!options.json.empty()) RETURN_IF_ERROR(WriteFile(options.json, SkippedJson(why)));
    }
    return report.status();
  }
  cli.called.clear();
  Print(ReportTable(*report));
  if (options.is_text_curve) Print("\n" + ReportText(*report));
  if (!options.json.empty()) RETURN_IF_ERROR(WriteFile(options.json, ReportJson(*report)));
  if (!options.svg.empty()) RETURN_IF_ERROR(WriteFile(options.svg, ReportSvg(*report)));
  return absl::OkStatus();
}

}  // namespace

void AddReplay(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  ReplayOptions& replay = options->replay;
  LearnerSettings& learner = replay.settings.learner;
  CLI::App* command = AddCommand(
      app, "replay", "stream a data set through a router and show what it learned",
      "  pointsman replay --in-process --data deploy/sample --prefer 0.8,0.2,0 --seeds 3 "
      "--svg curve.svg\n"
      "  pointsman replay --server 127.0.0.1:7717 --data deploy/sample --rounds 1000\n"
      "\nA data folder holds queries.jsonl, models.json and outcomes.tsv (each plain or .gz) and\n"
      "perhaps pools.json with named subsets of models. Every query is played at most once.\n"
      "Exit code 6: the preference weighs a cost or a latency that the data do not record.");
  command->add_option("--data", options->data, "the data folder")->required();
  auto* server =
      command->add_option("--server", options->server, "HOST:PORT of a running pointsmand");
  auto* in_process = command->add_flag("--in-process", options->is_in_process,
                                       "the same engine in this process (the default)");
  server->excludes(in_process);
  command->add_option("--pool", options->pool,
                      "a subset of models named in the folder's pools.json");
  command->add_option("--prefer", options->preference, "weights QUALITY,COST,LATENCY")
      ->capture_default_str();
  command->add_option("--rounds", replay.rounds, "queries to play; 0: all")->capture_default_str();
  command->add_option("--seeds", replay.seeds, "independent orders of the queries")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--seed-start", replay.seed_start, "the first seed")->capture_default_str();
  command->add_option("--learner", learner.quality_model, "quality model")->capture_default_str();
  command->add_option("--explore", learner.exploration, "exploration")->capture_default_str();
  command->add_option("--embedder", replay.settings.embedder.name, "embedder")
      ->capture_default_str();
  command
      ->add_option("--feedback-delay", replay.feedback_delay_rounds,
                   "rounds until an outcome is told")
      ->capture_default_str();
  command->add_option("--round-ms", options->round_ms, "how long a round lasts (in process)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--latency-scale-ms", replay.settings.latency_scale_ms,
                   "latency that one weight of latency is worth")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--json", options->json, "write the figures to this file");
  command->add_option("--svg", options->svg, "draw the learning curve to this file");
  command->add_flag("--curve", options->is_text_curve, "show the learning curve as text");
  command->add_flag("--keep-pool", replay.is_pool_kept, "leave the pool on the server at the end");
  command->callback([options, server, &cli] {
    options->is_in_process = server->count() == 0;
    cli.what = "replay";
    cli.run = [options, &cli] { return Run(*options, cli); };
  });
}

}  // namespace pointsman
