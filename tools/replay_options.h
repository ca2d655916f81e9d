// The options that every command which plays a data set has in common.
// Threads: one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "evaluation/dataset.h"
#include "evaluation/replay.h"

namespace pointsman {

struct DataOptions {
  std::string data;
  std::string pool;
  double round_ms = 1000;
};

// --data, --pool, --rounds, --seeds, --seed-start, --embedder and its kin, --feedback-delay,
// --told,
// --round-ms, --latency-scale-ms. Both outlive the parsing.
void AddReplayOptions(CLI::App* command, DataOptions& data, ReplayOptions& replay);

// After parsing: the data set, and `replay` made complete.
absl::StatusOr<Dataset> LoadData(const DataOptions& data, ReplayOptions& replay);

}  // namespace pointsman
