// Measures how much a policy could learn from an embedder's vectors if every outcome were known: two simple
// regressions of each arm's quality are fitted on most of the queries with all their outcomes, and choose an
// arm for each of the rest.
//   ridge: linear, one weight vector per arm, least squares with a penalty alpha on its norm;
//   knn: the mean quality of the k nearest queries by inner product.
// alpha and k are chosen within the training part only: fitted on 80% of it, scored on 20%.
// Nothing here is online, so it measures the features, not what a learner makes of them.
// Shapes: vectors have D entries; see EmbedderSettings for what D is.
// Errors: kInvalidArgument for impossible options or a set of fewer than 20 queries; those of the embedder;
//   kFailedPrecondition for the embedder "caller".
// Cost: O(splits * queries^2 * D) for knn; a minute at 12,000 queries, D = 128, 5 splits.
// Threads: a pure function; `show` receives the finished share, 0 to 1. The same input gives the same report.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "evaluation/data/dataset.h"

namespace pointsman::evaluation {

struct ProbeOptions {
  EmbedderSettings embedder;  // `projected` 0: the embedder's own vectors, not projected
  uint32_t splits = 5;
  double train_share = 0.7;
  std::size_t train_queries = 0;  // number of queries to train on; 0: use the share
  // The seed of the first split; the next splits use seed + 1 and so on. The training queries are the first
  // in the order of a replay with this seed, which are those that it would import.
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
  uint32_t dimension = 0;  // of the probed vectors
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

}  // namespace pointsman::evaluation
