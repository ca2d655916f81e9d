// The pools that exist, and the secret that keys their draws.
// Threads: NewPoolId, DropPool and AdoptSecret from the log's writer; reads from any thread.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman::storage {

class PoolRegistry {
 public:
  virtual ~PoolRegistry() = default;

  // The secret that keys sampling draws and ids. It is made once, with the folder.
  virtual SipKey secret() const = 0;
  // Takes the secret of a shared log, so that all its replicas draw alike.
  // Errors: kFailedPrecondition if a pool was made here with another secret.
  virtual absl::Status AdoptSecret(SipKey secret) = 0;
  // The next pool id, never assigned before. It is stored before the call returns (Durability::kDisk).
  virtual absl::StatusOr<PoolId> NewPoolId() = 0;
  virtual absl::StatusOr<std::vector<Pool>> ReadPools() const = 0;
  // Deletes a pool: its record, events, feedback, experience and snapshots (Durability::kDisk).
  virtual absl::Status DropPool(PoolId pool) = 0;
};

}  // namespace pointsman::storage
