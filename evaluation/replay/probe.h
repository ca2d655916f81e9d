// What a policy could learn at best from an embedder's vectors, when every outcome is told: two
// simple regressions of each arm's quality, fitted on most of the queries with all their outcomes,
// choose an arm for each of the rest.
//   ridge: linear, one weight vector an arm, least squares with a penalty alpha on its norm;
//   knn: the mean quality of the k nearest queries by inner product.
// alpha and k are chosen within the training part alone: fitted on 80% of it, scored on 20%.
// Nothing here is online, so it says what features are worth, not what a learner gets from them.
// Shapes: vectors have D entries; see EmbedderSettings for what D is.
// Errors: kInvalidArgument for impossible options or a set of fewer than 20 queries; what the
//   embedder says; kFailedPrecondition for the embedder "caller".
// Cost: O(splits * queries^2 * D) for knn; a minute at 12,000 queries, D = 128, 5 splits.
// Threads: a pure function; `show` is told the share done, 0 to 1. Same input, same report.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "evaluation/data/dataset.h"

namespace pointsman {

struct ProbeOptions {
  EmbedderSettings embedder;  // `projected` 0: the embedder's own vectors, not projected
  uint32_t splits = 5;
  double train_share = 0.7;
  std::size_t train_queries = 0;  // train on so many instead; 0: on the share
  // Of the first split; the next have seed + 1 and so on. The training queries are the first of the
  // order that a replay with this seed has: those that it would import.
  uint64_t seed = 1;
};

// Mean quality of the chosen arms over the scored queries.
struct ProbeFigures {
  double ridge = 0;
  double knn = 0;
  double random = 0;       // of a uniform choice
  double best_single = 0;  // of the one arm that is best on the scored queries, in hindsight
  double oracle = 0;       // of the best arm of each query
};

struct ProbeSplit {
  ProbeFigures figures;
  double alpha = 0;
  uint32_t k = 0;
};

struct ProbeReport {
  std::string dataset;
  std::string pool;
  std::size_t queries = 0;
  std::size_t queries_left_out = 0;
  std::vector<std::string> arms_left_out;
  std::size_t arms = 0;
  uint32_t dimension = 0;  // of the vectors that were probed
  ProbeOptions options;
  std::vector<ProbeSplit> splits;
  ProbeFigures mean;
  ProbeFigures standard_errors;  // over splits; 0 for one
};

absl::StatusOr<ProbeReport> RunProbe(const Dataset& dataset, const ProbeOptions& options,
                                     const std::function<void(double)>& show);

// One object; means under ridge, knn, random, best_single, oracle.
std::string ProbeJson(const ProbeReport& report);
std::string ProbeTable(const ProbeReport& report);

}  // namespace pointsman
