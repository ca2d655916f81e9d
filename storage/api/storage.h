// What the service stores: the log with its projections, snapshots and pools in one database, and the
// decisions in another. There are two implementations: RocksDB on disk, and memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "storage/api/decisions.h"
#include "storage/api/history.h"
#include "storage/api/log.h"
#include "storage/api/pools.h"
#include "storage/api/projections.h"
#include "storage/api/snapshots.h"

namespace pointsman::storage {

// One database that implements all of these. Code that uses it takes only the interface that it needs.
class EventLog : public Log,
                 public Projections,
                 public SnapshotStore,
                 public PoolRegistry,
                 public HistoryStore {
 public:
  // Copies the log as it is now to `folder`, which exists, while writes go on. No pool id is
  // assigned until `then` has returned.
  // Errors: those of `then`; kUnimplemented in memory.
  virtual absl::Status Checkpoint(const std::string& folder,
                                  const std::function<absl::Status()>& then) = 0;
};

struct Storage {
  std::unique_ptr<EventLog> log;
  std::unique_ptr<DecisionStore> decisions;
};

struct StorageOptions {
  std::string folder;  // made if missing
  int64_t decision_ttl_s = 7 * 86400;
  int64_t decisions_bytes_max = int64_t{8} << 30;
};

// Opens or makes a data folder.
// Errors: kFailedPrecondition for a folder of a newer format or one held by another process (both say what to
//   do); kDataLoss for a log that cannot be read.
absl::StatusOr<Storage> OpenRocksStorage(const StorageOptions& options);

// Opens the log of a data folder or a backup as it is now, for reading only. It takes no lock and writes
// nothing in the folder, so a process may be serving from it. Every write returns kUnavailable.
// Errors: kNotFound if there is none, kFailedPrecondition for another format, kDataLoss.
absl::StatusOr<std::unique_ptr<EventLog>> ReadRocksEventLog(const std::string& folder);

// The same in memory, for replays and tests. `secret` takes the place of the folder's secret.
Storage OpenMemoryStorage(SipKey secret);

}  // namespace pointsman::storage
