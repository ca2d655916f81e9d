// What the log and the records say about a pool: one decision explained, and the outcomes that were learned.
// Errors: kNotFound DECISION_UNKNOWN; those of reading the storage.
// Cost: reads the disk.
// Threads: any.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/pool/pool_runtime.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

absl::StatusOr<Explanation> Explain(const PoolRuntime& pool, const storage::Storage& storage,
                                    std::string_view id);

// As Engine::ReadOutcomes.
absl::StatusOr<OutcomePage> ReadOutcomes(const PoolRuntime& pool, const storage::EventLog& log,
                                         Sequence first, std::size_t events_max);

}  // namespace pointsman::engine
