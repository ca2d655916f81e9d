// `pointsman evaluate`: compares learners on recorded outcomes, also in worlds that change.
#include <memory>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "evaluation/replay/grid.h"
#include "evaluation/replay/parallel.h"
#include "evaluation/replay/scenario.h"
#include "evaluation/report/figures.h"
#include "tools/command.h"
#include "tools/exit_code.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/replay_options.h"

namespace pointsman::tools {
namespace {

constexpr const char* kCalibration = "calibration";
constexpr const char* kLearners = "hybrid,mixture,lin_thompson,linucb,knn,ema,context_free";

struct Options {
  DataOptions data;
  evaluation::ReplayOptions replay;
  std::string learners = kLearners;
  std::string cost_weights = "0";
  std::size_t prefer_grid = 0;
  std::string scenario = "grid";
  std::size_t threads = 0;
  std::string json;
  std::string svg;
  bool is_json = false;  // print the JSON as well
};

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

absl::StatusOr<std::vector<Preference>> Preferences(const Options& options) {
  std::vector<Preference> preferences;
  for (std::size_t i = 0; i < options.prefer_grid; ++i) {
    const double cost = static_cast<double>(i) /
                        static_cast<double>(std::max<std::size_t>(1, options.prefer_grid - 1));
    preferences.push_back({1 - cost, cost, 0});
  }
  if (!preferences.empty()) return preferences;
  for (const std::string& weight : Split(options.cost_weights)) {
    char* end = nullptr;
    const double cost = std::strtod(weight.c_str(), &end);
    if (*end != '\0' || !(cost >= 0 && cost <= 1)) {
      return InvalidArgument("--cost-weights takes numbers from 0 to 1, got ", Quoted(weight));
    }
    preferences.push_back({1 - cost, cost, 0});
  }
  return preferences;
}

absl::Status RunGridCommand(const evaluation::Dataset& dataset, const Options& options) {
  evaluation::GridOptions grid;
  grid.replay = options.replay;
  grid.threads = options.threads;
  for (const std::string& name : Split(options.learners)) {
    ASSIGN_OR_RETURN(evaluation::LearnerVariant learner,
                     evaluation::ParseVariant(name, options.replay.settings.learner));
    grid.learners.push_back(std::move(learner));
  }
  ASSIGN_OR_RETURN(grid.preferences, Preferences(options));
  ProgressBar bar(options.is_json);
  const std::string place =
      absl::StrFormat("%d learners x %d preferences x %d seeds", grid.learners.size(),
                      grid.preferences.size(), grid.replay.seeds);
  const auto report =
      evaluation::RunGrid(dataset, grid, [&](double share) { bar.Show(share, place); });
  if (!report.ok()) {
    bar.Leave();
    return report.status();
  }
  Print(options.is_json ? evaluation::GridJson(*report) : evaluation::GridTable(*report));
  if (!options.json.empty())
    RETURN_IF_ERROR(WriteFile(options.json, evaluation::GridJson(*report)));
  if (!options.svg.empty()) RETURN_IF_ERROR(WriteFile(options.svg, evaluation::GridSvg(*report)));
  return absl::OkStatus();
}

using RunScenario = std::function<absl::StatusOr<evaluation::ScenarioFigures>(
    const evaluation::Dataset&, const evaluation::ReplayOptions&, uint64_t seed)>;

absl::StatusOr<RunScenario> ScenarioNamed(const std::string& name, std::size_t points) {
  if (name == "degrade") return RunScenario(evaluation::RunDegradation);
  if (name == "new-arm") return RunScenario(evaluation::RunNewArm);
  if (name == "useless-arm") return RunScenario(evaluation::RunUselessArm);
  if (name == "many-arms") return RunScenario(evaluation::RunManyArms);
  if (name == kCalibration) return RunScenario(evaluation::RunCalibration);
  if (name == "short") return RunScenario(evaluation::RunShort);
  if (name == "cold-descriptions") return RunScenario(evaluation::RunColdDescriptions);
  if (name == "trade-off") {
    return RunScenario(
        [points](const evaluation::Dataset& dataset, const evaluation::ReplayOptions& replay,
                 uint64_t seed) { return evaluation::RunTradeOff(dataset, replay, points, seed); });
  }
  return InvalidArgument(
      "--scenario ", Quoted(name),
      " is unknown; expected grid, degrade, new-arm, useless-arm, many-arms, short, "
      "cold-descriptions, calibration or trade-off");
}

absl::Status RunScenarioCommand(const evaluation::Dataset& dataset, Options options) {
  const std::size_t points = options.prefer_grid == 0 ? 11 : options.prefer_grid;
  ASSIGN_OR_RETURN(const RunScenario run, ScenarioNamed(options.scenario, points));
  ASSIGN_OR_RETURN(std::vector<Preference> preferences, Preferences(options));
  if (options.prefer_grid == 0) options.replay.preference = preferences.front();
  RETURN_IF_ERROR(evaluation::CheckRecorded(dataset, options.replay.preference));
  for (const std::string& name : Split(options.learners)) {
    ASSIGN_OR_RETURN(const evaluation::LearnerVariant learner,
                     evaluation::ParseVariant(name, options.replay.settings.learner));
    evaluation::ReplayOptions replay = options.replay;
    replay.settings.learner = learner.settings;
    std::vector<evaluation::ScenarioFigures> of_seeds(replay.seeds);
    ProgressBar bar(options.is_json);
    const absl::Status status = evaluation::ForEachTask(
        replay.seeds, options.threads,
        [&](std::size_t seed) -> absl::Status {
          ASSIGN_OR_RETURN(of_seeds[seed], run(dataset, replay, replay.seed_start + seed));
          return absl::OkStatus();
        },
        [&](std::size_t done) {
          bar.Show(static_cast<double>(done) / static_cast<double>(replay.seeds),
                   absl::StrFormat("%s, %s: %d of %d seeds", options.scenario, name, done,
                                   replay.seeds));
        });
    if (!status.ok()) {
      bar.Leave();
      return status;
    }
    const bool is_calibration = options.scenario == kCalibration;
    Print(options.is_json ? evaluation::ScenarioJson(options.scenario, name, of_seeds)
          : is_calibration
              ? evaluation::CalibrationTable(dataset, name, of_seeds)
              : evaluation::ScenarioTable(dataset, options.scenario, name, replay, of_seeds));
    if (!options.svg.empty()) {
      if (!is_calibration) return InvalidArgument("--svg draws --scenario grid and calibration");
      RETURN_IF_ERROR(WriteFile(options.svg, evaluation::CalibrationSvg(dataset, name, of_seeds)));
    }
    if (!options.json.empty()) {
      RETURN_IF_ERROR(
          WriteFile(options.json, evaluation::ScenarioJson(options.scenario, name, of_seeds)));
    }
  }
  return absl::OkStatus();
}

// The parts of a sparse data set that the method cannot use.
std::string LeftOut(const evaluation::Dataset& dataset) {
  std::string text;
  for (std::size_t i = 0; i < dataset.arms_left_out.size(); ++i) {
    text += Cat(i == 0 ? "left out because they answered few of the queries: " : ", ",
                OneLine(dataset.arms_left_out[i]));
  }
  if (!text.empty()) text += "\n";
  if (dataset.queries_left_out > 0) {
    text += Cat("left out: ", dataset.queries_left_out,
                " queries for which not every arm has an outcome\n");
  }
  return text;
}

absl::Status Run(Options options) {
  ASSIGN_OR_RETURN(const evaluation::Dataset dataset, LoadData(options.data, options.replay));
  if (!options.is_json) Print(LeftOut(dataset));
  if (options.scenario == "grid") return RunGridCommand(dataset, options);
  return RunScenarioCommand(dataset, std::move(options));
}

}  // namespace

void AddEvaluate(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  options->replay.seeds = 5;
  options->replay.seed_start = 1000;
  CLI::App* command = AddCommand(
      app, "evaluate", "compare learners on recorded outcomes, seed by seed",
      "  pointsman evaluate --data deploy/sample --learners hybrid,context_free --seeds 5\n"
      "  pointsman evaluate --data deploy/sample --cost-weights 0,0.1,0.4\n"
      "  pointsman evaluate --data deploy/sample --learners hybrid --scenario trade-off\n"
      "\n"
      "Each learner gets the same queries in the same order. The first one named is compared with "
      "each\n"
      "of the others by paired differences, with a one-sided 95% bound. A learner may have "
      "settings:\n"
      "linucb:exploration_scale=0.3. Scenarios: grid; degrade (the best arm fails at\n"
      "half-time); new-arm; useless-arm; many-arms and short (how pools begin); cold-descriptions "
      "(what\n"
      "they are worth before outcomes); calibration (is expected.quality right?); trade-off (one "
      "state for every preference).");
  AddReplayOptions(command, options->data, options->replay);
  command->add_option("--learners", options->learners, "names, separated by commas")
      ->capture_default_str();
  command
      ->add_option("--cost-weights", options->cost_weights,
                   "weights of cost, separated by commas; quality gets the rest")
      ->capture_default_str();
  command->add_option("--prefer-grid", options->prefer_grid,
                      "number of preferences, from quality alone to cost alone");
  command->add_option("--scenario", options->scenario, "what changes during the run; see below")
      ->capture_default_str();
  command->add_option("--threads", options->threads, "number of threads; 0: one per core")
      ->capture_default_str();
  command->add_option("--json", options->json, "write the figures to this file");
  command->add_option("--svg", options->svg, "draw the learning curves to this file");
  command->callback([options, &cli] {
    cli.what = "evaluate";
    options->is_json = cli.is_json;
    cli.run = [options] { return Run(*options); };
  });
}

}  // namespace pointsman::tools
