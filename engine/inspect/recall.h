// How many of the entries that exact searches find the approximate searches find too, on the pool's present
// indexes.
// Source: recall@k, |found and exact| / |exact|; a hit as near as the last exact one counts as found.
// Errors: those of embedding the queries.
// Cost: for each query, two exact searches over every entry.
// Threads: pure function of the pool as it is.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

// Only the query of each input is used. Queries without a vector are left out.
absl::StatusOr<RecallFigures> MeasureRecall(const PoolRuntime& pool,
                                            const std::vector<RouteInput>& queries);

}  // namespace pointsman::engine
