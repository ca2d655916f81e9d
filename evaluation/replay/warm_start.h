// Outcomes of a data set as an import: which queries, what is announced, and in what pieces.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "domain/limits.h"
#include "evaluation/data/dataset.h"
#include "engine/request/requests.h"

namespace pointsman {

// The first `count` of a set of `queries` shuffled by the seed (Fisher and Yates).
std::vector<std::size_t> ShuffledQueries(std::size_t queries, std::size_t count, uint64_t seed);

// These queries with the outcomes of the arms that are wanted, indexed 0, 1, 2, ... in the order
// given. Shapes: is_wanted has one entry per arm of the set.
std::vector<ImportedQuery> MakeImport(const Dataset& dataset, std::span<const std::size_t> queries,
                                      const std::vector<bool>& is_wanted);

// An import of what is known of some queries, with what of it is left out.
struct SparseImport {
  // Those with an outcome. Their indexes are their places in the order asked, so that an arm that the pool
  // gets later does not move them.
  std::vector<ImportedQuery> queries;
  std::map<std::string, uint64_t> outcomes;  // by arm
  std::map<std::string, uint64_t> left_out;  // outcomes, by reason
};

// These queries of the set, in the order given. `arm_names`: what the pool calls each arm of the set; empty:
// it has none such, and its outcomes are left out.
SparseImport MakeSparseImport(const OutcomeSet& set, std::span<const std::size_t> queries,
                              const std::vector<std::string>& arm_names);

// What to announce of each arm (ImportPlan::arm_outcomes): its outcomes. An arm with fewer of them than
// `strength` is announced with more, so that none counts as more than one observation of one's own, unless
// those of the arm with the most do.
std::map<std::string, uint64_t> AnnouncedOutcomes(const std::map<std::string, uint64_t>& outcomes,
                                                  double strength);

// `queries` in pieces that one chunk, and one message, may hold. An arm's outcomes are at most one a query.
std::vector<std::span<const ImportedQuery>> InChunks(std::span<const ImportedQuery> queries,
                                                     const Limits& limits);

}  // namespace pointsman
