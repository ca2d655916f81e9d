// Replay: streams a data set through a router, one query per round. Each round calls Route with a preference,
// then reports the recorded outcome of the chosen arm by Feedback, and nothing else.
// Operation, per seed: a fresh pool; queries in an order shuffled by Rng(seed), each at most once; decision
//   ids "replay-<seed>-<round>". With a delay of N rounds, the outcome of round t is reported after the
//   Route of round t + N; the remaining outcomes are reported at the end.
// Determinism: the same data, options and router give the same report, byte for byte. It contains no timings.
// Errors: those of CheckRecorded; otherwise the router's, with seed and round.
// Threads: one call is one thread; the router may use its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/types.h"
#include "evaluation/data/dataset.h"
#include "evaluation/replay/router_client.h"
#include "evaluation/report/figures.h"

namespace pointsman::evaluation {

// A reason of an error: the data set does not record what the preference weighs. Skip the run, do not fail.
inline constexpr std::string_view kDataLacks = "DATA_LACKS";

struct ReplayOptions {
  Preference preference{1, 0, 0};
  std::size_t rounds = 0;  // 0, or more than there are queries: every query once
  std::size_t seeds = 1;
  uint64_t seed_start = 1;
  std::size_t feedback_delay_rounds = 0;
  double told_share = 1;  // share of the outcomes that are reported (drawn by the seed)
  // The seed's first queries are imported, with the outcomes of every arm, and not played.
  std::size_t import_queries = 0;
  double import_strength = 0;  // observations that an arm's imported outcomes together count as
  Micros round_length = 1000 * kMicrosPerMs;
  // The pool's settings. If costs are recorded, cost_scale_usd is replaced by the mean cost of the pool's
  // most expensive arm over the set.
  PoolSettings settings;
  std::size_t curve_blocks_max = 50;
  bool is_pool_kept = false;  // at the end of each seed
};

struct ReplayProgress {
  std::size_t seed_index = 0;  // of `seeds`, from 0
  std::size_t seeds = 0;
  std::size_t round = 0;  // finished rounds of this seed
  std::size_t rounds = 0;
  double mean_utility = 0;  // of this seed so far
};
using OnProgress = std::function<void(const ReplayProgress&)>;

struct SeedReport {
  uint64_t seed = 0;
  Figures figures;
  std::vector<Round> rounds;
};

struct ReplayReport {
  std::string dataset;
  std::string pool;
  std::vector<std::string> arms;
  std::size_t queries = 0;
  std::size_t queries_left_out = 0;
  std::vector<std::string> arms_left_out;
  std::size_t rounds_asked = 0;  // 0: all
  std::size_t rounds = 0;
  bool is_cost_recorded = false;
  Valuation valuation;
  ReplayOptions options;
  Figures mean;             // over seeds
  Figures standard_errors;  // of those means
  Curve curve;              // mean over seeds
  std::vector<SeedReport> seeds;
};

// Errors: kFailedPrecondition, kDataLacks, if the preference weighs what the set does not record.
absl::Status CheckRecorded(const Dataset& dataset, const Preference& preference);

// `connect` is called once per seed; `on_progress` after every round, and may be null.
absl::StatusOr<ReplayReport> RunReplay(const Dataset& dataset, const ReplayOptions& options,
                                       const RouterClientFactory& connect,
                                       const OnProgress& on_progress);

}  // namespace pointsman::evaluation
