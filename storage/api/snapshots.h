// The bytes of learned state at a log position, with a checksum. A failed snapshot affects
// nothing else: the log continues.
// Threads: PutSnapshot from one thread; reads from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/types.h"

namespace pointsman::storage {

class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  // Keeps the newest `keep` (>= 1). Durable on disk when it returns.
  // Errors: kNotFound for a pool that was dropped.
  virtual absl::Status PutSnapshot(PoolId pool, Sequence sequence, std::string_view bytes,
                                   int64_t keep) = 0;
  // Sequences of the kept snapshots, newest first.
  virtual absl::StatusOr<std::vector<Sequence>> ListSnapshots(PoolId pool) const = 0;
  // Errors: kDataLoss if it is torn or corrupt.
  virtual absl::StatusOr<std::string> ReadSnapshot(PoolId pool, Sequence sequence) const = 0;
};

}  // namespace pointsman::storage
