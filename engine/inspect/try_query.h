// Explains a decision that is not made: the parts of each candidate's utility, and the past outcomes near the query.
// Errors: those of encoding the query and of reading the log.
// Cost: a search among past queries, and a read of the log for each neighbour shown.
// Threads: any.
#pragma once

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/insight.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

inline constexpr uint32_t kNeighboursShownMax = 100;

// `input`: of a preview that was answered with `output`, explained. `count`: neighbours to show; 0: 10.
absl::StatusOr<TriedQuery> ExplainPreview(const PoolRuntime& pool, const storage::Storage& storage,
                                          const RouteInput& input, RouteOutput output,
                                          uint32_t count);

}  // namespace pointsman::engine
