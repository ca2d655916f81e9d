// What each pool did over time, for curves: one value a pool, replaced as a whole.
// Errors: kUnavailable when the medium fails; kNotFound for a pool that was dropped. Losing it loses no knowledge.
// Threads: PutHistory from one thread at a time; ReadHistory from any.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman::storage {

class HistoryStore {
 public:
  virtual ~HistoryStore() = default;

  // Durable on disk when it returns.
  virtual absl::Status PutHistory(PoolId pool, std::string_view bytes) = 0;
  // The newest that reads back; empty if there is none.
  virtual absl::StatusOr<std::string> ReadHistory(PoolId pool) const = 0;
};

}  // namespace pointsman::storage
