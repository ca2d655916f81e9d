// Outcomes of a data set as an import: which queries, what is announced, and in what pieces.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "evaluation/dataset.h"
#include "service/engine/requests.h"

namespace pointsman {

// The first `count` of a set of `queries` shuffled by the seed (Fisher and Yates).
std::vector<std::size_t> ShuffledQueries(std::size_t queries, std::size_t count, uint64_t seed);

// These queries with the outcomes of the arms that are wanted, indexed 0, 1, 2, ... in the order
// given. Shapes: is_wanted has one entry per arm of the set.
std::vector<ImportedQuery> MakeImport(const Dataset& dataset, std::span<const std::size_t> queries,
                                      const std::vector<bool>& is_wanted);

// `queries` in pieces that one chunk may hold. An arm's outcomes are at most one a query.
std::vector<std::span<const ImportedQuery>> InChunks(std::span<const ImportedQuery> queries,
                                                     const Limits& limits);

}  // namespace pointsman
