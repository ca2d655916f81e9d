// Opens the pools of a data folder: for each pool the newest snapshot that reads back, then the log after it,
// then the experience index. If a snapshot is torn or corrupt, an older one is used; the log is the source of
// truth.
// Errors: kDataLoss, naming the pool and what to do, if the log itself does not read back.
// Threads: once, before anything else touches the storage.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// Returns the experiences that no longer fit the bounded memories, so that storage can delete them.
absl::StatusOr<std::vector<Turn::Evicted>> Recover(const storage::EventLog& log,
                                                   retrieval::Building building,
                                                   const Remotes& remotes, PoolTable& pools);

// A pool's state before its first event, under the settings that it was made with. `record`: the pool's present
// record.
absl::StatusOr<learners::LearnedState> EmptyState(const storage::EventLog& log, const Pool& record);

}  // namespace pointsman::engine
