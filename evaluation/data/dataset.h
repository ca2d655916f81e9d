// A data set: queries, arms, and the recorded outcome of every arm on every query, so that any
// policy can be replayed on it. A replay shows a learner only the outcome of the arm it chose.
//
// A data folder holds (each file plain or .gz):
//   queries.jsonl  one JSON object per line: `id`, `text`, optional `domain`; more keys are ignored
//   models.json    list in arm order: `name`, optional `description`, `usd_per_1m_input`,
//                  `usd_per_1m_output`; more keys are ignored
//   outcomes.tsv   a header line naming tab-separated columns: `id`, `model`, `quality` and
//                  optionally `cost_usd`, `latency_ms`, `input_tokens`, `output_tokens`,
//                  `first_token_ms`, `cached_input_tokens`, `error`, `error_kind`; an empty field or
//                  NaN means "not recorded"; no value is made up
//   pools.json     optional: named subsets of models, {"chat12": ["name", ...]}
// Threads: plain values, and pure functions of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/types.h"
#include "evaluation/data/outcome_set.h"

namespace pointsman::evaluation {

struct Dataset {
  std::string name;                   // the folder's last name
  std::string pool;                   // the subset of models; "all" if none was named
  std::vector<Arm> arms;              // in the order of models.json or of the subset
  std::vector<DatasetQuery> queries;  // queries for which every arm has a quality, in file order
  std::vector<Outcome> outcomes;      // size queries * arms, row-major; quality always present
  std::size_t queries_left_out = 0;   // queries for which some arm has no recorded quality
  std::vector<std::string> arms_left_out;  // models that answered few of the queries

  const Outcome& At(std::size_t query, std::size_t arm) const {
    return outcomes[query * arms.size() + arm];
  }
};

// The complete part of the set, in which every arm has a quality for each query. If no subset was named,
// models that answered few queries are left out, as long as that at least doubles the queries and two models
// remain.
// Errors: kInvalidArgument if no query is complete.
absl::StatusOr<Dataset> CompletePart(const OutcomeSet& set);

// Loads the folder, restricted to a pool's arms ("" or "all": every model), and takes its complete part.
// Errors: those of ReadDataFolder and CompletePart.
absl::StatusOr<Dataset> LoadDataset(const std::string& folder, std::string_view pool);

// `arms` of the set's arms, drawn by `seed` and in the set's order, on the set's queries: pools of different sizes can be
// compared. Errors: kInvalidArgument unless the set has 1 <= arms <= its arms.
absl::StatusOr<Dataset> SubPool(const Dataset& dataset, std::size_t arms, uint64_t seed);

// Names of the arms that lack a cost (a latency) for some query; empty if everything is recorded.
std::vector<std::string> ArmsWithoutCost(const Dataset& dataset);
std::vector<std::string> ArmsWithoutLatency(const Dataset& dataset);

// The mean cost in USD of the most expensive arm over the set; `otherwise` if some cost is not recorded or
// all are 0.
double DearestMeanCostUsd(const Dataset& dataset, double otherwise);

}  // namespace pointsman::evaluation
