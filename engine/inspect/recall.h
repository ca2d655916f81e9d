// How many of what exact searches find the approximate ones find, on the pool's present indexes.
// Source: recall@k, |found and exact| / |exact|; a hit as near as the last exact one counts as found.
// Errors: those of embedding the queries.
// Cost: two searches of every entry a query.
// Threads: pure function of the pool as it is.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

// Of each input the query alone counts. Those without a vector are left out.
absl::StatusOr<RecallFigures> MeasureRecall(const PoolRuntime& pool,
                                            const std::vector<RouteInput>& queries);

}  // namespace pointsman::engine
