// Checks that a batch may be committed: every record is sound, and each pool's events follow its last one.
// The check is the same for every event log.
// Threads: pure functions; PoolTail is a plain value.
#pragma once

#include <map>

#include "absl/status/statusor.h"
#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman::storage {

// Where a pool's log ends.
struct PoolTail {
  Sequence sequence = 0;  // of the last event; 0: none
  Micros time = 0;        // of the last event
};

// The tails after `batch` of the pools that have events in it. `tails`: the tails before it.
// Errors: kInvalidArgument saying which record is wrong.
absl::StatusOr<std::map<PoolId, PoolTail>> CheckBatch(const LogBatch& batch,
                                                      const std::map<PoolId, PoolTail>& tails);

// Why a log does not adopt the secret of a shared log.
absl::Status HasPoolsOfItsOwn();

}  // namespace pointsman::storage
