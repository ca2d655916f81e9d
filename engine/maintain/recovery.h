// From a data folder to the pools that serve: for each pool the newest snapshot that reads back,
// then the log after it, then the experience index. A torn or corrupt snapshot falls back to an
// older one; the log is the truth.
// Errors: kDataLoss when the log itself does not read back, naming the pool and what to do.
// Threads: once, before anything else touches the storage.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// Answers the experiences that no longer fit the bounded memories, for storage to forget.
absl::StatusOr<std::vector<Turn::Evicted>> Recover(const storage::EventLog& log,
                                                   retrieval::Building building,
                                                   const Remotes& remotes, PoolTable& pools);

// A pool's state before its first event, under the settings that it was made with. `record`: the
// pool's record as it is now.
absl::StatusOr<learners::LearnedState> EmptyState(const storage::EventLog& log, const Pool& record);

}  // namespace pointsman::engine
