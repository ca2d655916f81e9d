// `pointsman probe`: measures how well an embedder's vectors predict outcomes on a data set whose outcomes
// are all known.
#include <memory>

#include "base/status_macros.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/probe.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/replay_options.h"

namespace pointsman::tools {
namespace {

struct Options {
  std::string data;
  std::string pool;
  std::string json;
  bool is_json = false;
  evaluation::ProbeOptions probe;
};

absl::Status Run(const Options& options) {
  ASSIGN_OR_RETURN(const evaluation::Dataset dataset,
                   evaluation::LoadDataset(options.data, options.pool));
  ProgressBar bar(options.is_json);
  const auto report = evaluation::RunProbe(dataset, options.probe,
                                           [&bar](double share) { bar.Show(share, "probing"); });
  if (!report.ok()) {
    bar.Leave();
    return report.status();
  }
  const bool is_json_printed = options.is_json && options.json.empty();
  Print(is_json_printed ? evaluation::ProbeJson(*report) : evaluation::ProbeTable(*report));
  if (!options.json.empty())
    RETURN_IF_ERROR(WriteFile(options.json, evaluation::ProbeJson(*report)));
  return absl::OkStatus();
}

}  // namespace

void AddProbe(CLI::App& app, Cli& cli) {
  auto options = std::make_shared<Options>();
  evaluation::ProbeOptions& probe = options->probe;
  probe.embedder.sketch_weight = 0.5;
  CLI::App* command =
      AddCommand(app, "probe", "measure how well an embedder's vectors predict which arm is best",
                 "  pointsman probe --data deploy/sample --embedder lexicon --dim 64\n"
                 "\n"
                 "Fits a ridge regression and k nearest neighbours on 70% of the queries, with "
                 "the outcome of\n"
                 "every arm, and scores the arm they choose on the rest. alpha and k are chosen on "
                 "the training\n"
                 "part. The score bounds what any learner can reach with these vectors; `replay` "
                 "shows what one\n"
                 "does reach.");
  command->add_option("--data", options->data, "the data folder, as for `replay`")->required();
  command->add_option("--pool", options->pool,
                      "subset of models, named in the folder's pools.json");
  AddEmbedderOptions(command, probe.embedder);
  command
      ->add_option("--train-queries", probe.train_queries,
                   "train on this many queries, the same as `replay --import` takes; 0: 70%")
      ->capture_default_str();
  command->add_option("--splits", probe.splits, "number of random splits to average over")
      ->capture_default_str();
  command->add_option("--seed", probe.seed, "seed of the first split")->capture_default_str();
  CLI::Option* json =
      command->add_option("--json", options->json, "print the figures, or write them to this file")
          ->expected(0, 1);
  command->callback([options, json, &cli] {
    EmbedderSettings& settings = options->probe.embedder;
    settings.lexicon_file = LexiconArgument(settings.lexicon_file);
    options->is_json = json->count() > 0 || cli.is_json;
    cli.what = "probe";
    cli.run = [options] { return Run(*options); };
  });
}

}  // namespace pointsman::tools
