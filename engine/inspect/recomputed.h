// Makes a recorded decision again, from the learned state of its version, and compares.
// Operation: the state is that of the newest snapshot before the decision, and the log after it.
// Errors: kNotFound DECISION_UNKNOWN; those of reading the storage. A decision whose state can no longer be had is no
//   error but an answer.
// Cost: learns the events between the snapshot and the decision again, about 10 us each.
// Threads: any.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/insight.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

inline constexpr Sequence kReplayedMax = 50000;  // events: half a second

absl::StatusOr<Recomputed> RecomputeDecision(const PoolRuntime& pool,
                                             const storage::Storage& storage, std::string_view id);

}  // namespace pointsman::engine
