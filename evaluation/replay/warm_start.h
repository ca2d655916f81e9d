// Prepares outcomes of a data set for import: chooses queries, announces outcomes, splits into chunks.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "domain/limits.h"
#include "engine/request/requests.h"
#include "evaluation/data/dataset.h"

namespace pointsman::evaluation {

// These queries with the outcomes of the wanted arms, indexed 0, 1, 2, ... in the given order.
// Shapes: is_wanted has one entry per arm of the set.
std::vector<engine::ImportedQuery> MakeImport(const Dataset& dataset,
                                              std::span<const std::size_t> queries,
                                              const std::vector<bool>& is_wanted);

// An import of the known outcomes of some queries, with what is left out.
struct SparseImport {
  // The queries with an outcome. Their indexes are their places in the given order, so that an arm that is
  // added to the pool later does not shift them.
  std::vector<engine::ImportedQuery> queries;
  std::map<std::string, uint64_t> outcomes;  // by arm
  std::map<std::string, uint64_t> left_out;  // outcomes, by reason
};

// These queries of the set, in the given order. `arm_names`: the pool's name for each arm of the set; empty:
// the pool has no such arm, and its outcomes are left out.
SparseImport MakeSparseImport(const OutcomeSet& set, std::span<const std::size_t> queries,
                              const std::vector<std::string>& arm_names);

// The number of outcomes to announce for each arm (ImportPlan::arm_outcomes). An arm with fewer outcomes than
// `strength` is announced with more, so that no outcome counts as more than one observation, unless those of
// the arm with the most outcomes do.
std::map<std::string, uint64_t> AnnouncedOutcomes(const std::map<std::string, uint64_t>& outcomes,
                                                  double strength);

// Splits `queries` into pieces that fit into one chunk and one message. An arm has at most one outcome per
// query.
std::vector<std::span<const engine::ImportedQuery>> InChunks(
    std::span<const engine::ImportedQuery> queries, const Limits& limits);

}  // namespace pointsman::evaluation
