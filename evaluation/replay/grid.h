// A grid of replays: learners x preferences x seeds, all on the same orders of the same queries, so learners
// can be compared pair by pair.
// Determinism: the same options give the same report, whatever the number of threads.
// Errors: those of a replay. A preference that weighs a figure that the set does not record is reported as
//   skipped, with the reason. It is an error only if no preference is left.
// Threads: RunGrid uses `threads` of its own; the rest are pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/paired.h"
#include "evaluation/replay/replay.h"

namespace pointsman::evaluation {

// A learner with its settings, labelled with the requested name.
struct LearnerVariant {
  std::string label;
  LearnerSettings settings;
};
// "NAME" or "NAME:KEY=VALUE:...". The keys are the settings of the learner (domain/settings.h), and
// explore and gamma for exploration and squarecb_gamma. What is not said is as in `defaults`.
// Errors: kInvalidArgument naming what is wrong.
absl::StatusOr<LearnerVariant> ParseVariant(const std::string& text,
                                            const LearnerSettings& defaults);

struct GridOptions {
  std::vector<LearnerVariant> learners;  // the first is compared with each of the others
  std::vector<Preference> preferences;
  ReplayOptions replay;     // its learner and preference are ignored
  std::size_t threads = 0;  // 0: one per core
};

struct GridRow {
  std::string learner;
  Preference preference;  // normalised
  Figures mean;           // over seeds
  Figures standard_errors;
  std::vector<Figures> seeds;
  Curve curve;  // mean over seeds
};

struct GridReport {
  std::string dataset;
  std::string pool;
  std::size_t arms = 0;
  std::size_t queries = 0;
  std::size_t rounds = 0;
  bool is_cost_recorded = false;
  double cost_scale_usd = 0;
  GridOptions options;
  std::vector<GridRow> rows;  // by preference, then learner
  std::vector<std::string> skipped;
};

absl::StatusOr<GridReport> RunGrid(const Dataset& dataset, const GridOptions& options,
                                   const std::function<void(double share)>& on_progress);

// The first learner minus the row's, seed by seed.
struct Comparison {
  PairedDifference utility;
  PairedDifference first_1000;
  PairedDifference last_third;
};
Comparison Compare(const GridRow& first, const GridRow& other);

std::string GridTable(const GridReport& report);
// {"rows": [{"learner", "preference", "mean_utility", "stderr", "first_1000", ..., "seeds": [...],
// "against_first": {...}}], ...}
std::string GridJson(const GridReport& report);
// A learning curve of every learner, one chart per preference.
std::string GridSvg(const GridReport& report);

}  // namespace pointsman::evaluation
