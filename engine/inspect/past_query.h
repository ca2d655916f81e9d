// The query behind a past outcome.
// Errors: those of reading the storage.
// `first`: the first event that the log still has (storage::Log::FirstSequence).
// Cost: one read of the log; one of the decisions, if the outcome came after the first report.
// Threads: any.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

struct PastQuery {
  std::string decision_id;  // empty: the log no longer has the event
  std::string text;         // empty: the pool stores none, or it has expired
  Micros time = 0;
};

absl::StatusOr<PastQuery> FindPastQuery(const PoolRuntime& pool, const storage::Storage& storage,
                                        Sequence first, Sequence sequence);

}  // namespace pointsman::engine
