// The options shared by the commands that read a data set.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/replay.h"

namespace pointsman::tools {

struct DataOptions {
  std::string data;
  std::string pool;
  evaluation::TableOptions table;
  double round_ms = 1000;
  std::size_t arms = 0;  // of the pool, drawn by `arms_seed`; 0: all
  uint64_t arms_seed = 1;
};

// --embedder, --dim, --sketch-weight, --lexicon, --projected. The settings must outlive the parsing.
void AddEmbedderOptions(CLI::App* command, EmbedderSettings& embedder);

// --data, --map, --scale, --pool, --arms, --arms-seed, --rounds, --seeds, --seed-start, those of the embedder, --feedback-delay,
// --told, --round-ms, --latency-scale-ms. Both must outlive the parsing.
void AddReplayOptions(CLI::App* command, DataOptions& data, evaluation::ReplayOptions& replay);

// After parsing: loads the data set, and completes `replay`.
absl::StatusOr<evaluation::Dataset> LoadData(const DataOptions& data,
                                             evaluation::ReplayOptions& replay);

}  // namespace pointsman::tools
