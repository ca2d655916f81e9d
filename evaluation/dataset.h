// A data set: queries, arms, and the recorded outcome of every arm on every query, so that any
// policy can be replayed on it. A replay shows a learner only the outcome of the arm it chose.
//
// A data folder holds (each file plain or .gz):
//   queries.jsonl  one JSON object a line: `id`, `text`, optional `domain`; more keys are ignored
//   models.json    list in arm order: `name`, optional `description`, `usd_per_1m_input`,
//                  `usd_per_1m_output`; more keys are ignored
//   outcomes.tsv   a header line naming tab-separated columns: `id`, `model`, `quality` and
//                  optionally `cost_usd`, `latency_ms`, `input_tokens`, `output_tokens`; an empty
//                  field was not recorded and is never invented
//   pools.json     optional: named subsets of models, {"chat12": ["name", ...]}
// Threads: plain values, and pure functions of files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/arm.h"
#include "base/types.h"

namespace pointsman {

struct DatasetQuery {
  std::string id;
  std::string text;
  std::string domain;  // a label for analysis, never a feature
  friend bool operator==(const DatasetQuery&, const DatasetQuery&) = default;
};

struct Dataset {
  std::string name;                   // the folder's last name
  std::string pool;                   // the subset of models; "all" if none was named
  std::vector<Arm> arms;              // in the order of models.json or of the subset
  std::vector<DatasetQuery> queries;  // those for which every arm has a quality, in file order
  std::vector<Outcome> outcomes;      // size queries * arms, row-major; quality always present
  std::size_t queries_left_out = 0;   // some arm has no recorded quality for them

  const Outcome& At(std::size_t query, std::size_t arm) const {
    return outcomes[query * arms.size() + arm];
  }
};

// Loads the folder, restricted to a pool's arms ("" or "all": every model) and to the queries for
// which each of them has a quality.
// Errors: kNotFound for a missing folder, file or pool; kInvalidArgument naming file and line for
//   anything that does not read (unknown or repeated ids, quality outside [0, 1], broken gzip), or
//   if no query is complete.
absl::StatusOr<Dataset> LoadDataset(const std::string& folder, std::string_view pool);

// Names of the arms that lack a cost (a latency) for some query; empty if all is recorded.
std::vector<std::string> ArmsWithoutCost(const Dataset& dataset);
std::vector<std::string> ArmsWithoutLatency(const Dataset& dataset);

// The mean cost in USD of the dearest arm over the set; `otherwise` if some cost is not recorded or
// all are 0.
double DearestMeanCostUsd(const Dataset& dataset, double otherwise);

}  // namespace pointsman
