#include "tools/replay_options.h"

#include "base/status_macros.h"
#include "evaluation/data/dataset_folder.h"
#include "tools/command.h"

namespace pointsman::tools {

void AddEmbedderOptions(CLI::App* command, EmbedderSettings& embedder) {
  command->add_option("--embedder", embedder.name, "lexicon, hashing or caller")
      ->capture_default_str();
  command
      ->add_option("--dim", embedder.dimension,
                   "dimensions of the embedder, for lexicon without the character sketch; 0: the "
                   "embedder's default")
      ->capture_default_str();
  command
      ->add_option("--sketch-weight", embedder.sketch_weight,
                   "lexicon: weight of the 64 character buckets; 0: none")
      ->capture_default_str();
  command->add_option("--lexicon", embedder.lexicon_file, "lexicon file; empty: the bundled one");
  command
      ->add_option("--projected", embedder.projected,
                   "number of dimensions to project to; 0: the default")
      ->capture_default_str();
}

void AddReplayOptions(CLI::App* command, DataOptions& data, evaluation::ReplayOptions& replay) {
  command->add_option("--data", data.data, "data folder, or a table as for `import`")->required();
  command
      ->add_option("--map", data.table.maps, "COLUMN=FIELD: meaning of a table's column (repeat)")
      ->allow_extra_args(false);
  command->add_option("--scale", data.table.scale,
                      "scale of a table's qualities: 0..100, 1..5, true/false, thumbs [0..1]");
  command->add_option("--pool", data.pool, "subset of models, named in the folder's pools.json");
  command->add_option("--arms", data.arms, "number of the pool's arms to draw by a seed; 0: all")
      ->capture_default_str();
  command->add_option("--arms-seed", data.arms_seed, "the seed of that draw")
      ->capture_default_str();
  command->add_option("--rounds", replay.rounds, "queries to play; 0: all")->capture_default_str();
  command->add_option("--seeds", replay.seeds, "independent orders of the queries")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--seed-start", replay.seed_start, "the first seed")->capture_default_str();
  AddEmbedderOptions(command, replay.settings.embedder);
  command
      ->add_option("--feedback-delay", replay.feedback_delay_rounds,
                   "rounds until an outcome is reported")
      ->capture_default_str();
  auto* import = command->add_option(
      "--import", replay.import_queries,
      "teach this many queries first, with every arm's outcome; they are not played");
  command
      ->add_option("--strength", replay.import_strength,
                   "observations that all imported outcomes of an arm count as")
      ->needs(import);
  command
      ->add_option("--told", replay.told_share,
                   "share of the outcomes that is reported, from 0 to 1")
      ->capture_default_str();
  command->add_option("--round-ms", data.round_ms, "how long a round lasts (in process)")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--latency-scale-ms", replay.settings.latency_scale_ms,
                   "latency in ms that weighs as much as one point of quality, at equal weights")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

absl::StatusOr<evaluation::Dataset> LoadData(const DataOptions& data,
                                             evaluation::ReplayOptions& replay) {
  replay.round_length = static_cast<Micros>(data.round_ms * static_cast<double>(kMicrosPerMs));
  EmbedderSettings& embedder = replay.settings.embedder;
  embedder.lexicon_file = LexiconArgument(embedder.lexicon_file);
  ASSIGN_OR_RETURN(const evaluation::OutcomeSet set,
                   evaluation::ReadOutcomes(data.data, data.pool, data.table));
  ASSIGN_OR_RETURN(evaluation::Dataset dataset, evaluation::CompletePart(set));
  if (data.arms == 0) return dataset;
  return evaluation::SubPool(dataset, data.arms, data.arms_seed);
}

}  // namespace pointsman::tools
