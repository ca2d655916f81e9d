// What the service keeps: the log with its projections, snapshots and pools in one database, and the decisions in
// another. Two implementations: RocksDB on disk and memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "storage/api/decisions.h"
#include "storage/api/log.h"
#include "storage/api/pools.h"
#include "storage/api/projections.h"
#include "storage/api/snapshots.h"

namespace pointsman {

// One database that is all of these. Who uses it takes the interface that it needs.
class EventLog : public Log, public Projections, public SnapshotStore, public PoolRegistry {
 public:
  // A copy of the log as it is now, under `folder` (which exists), while it is written. No pool id
  // is given until `then` has returned. Errors: `then`'s; kUnimplemented in memory.
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

// Opens or makes a data folder. Errors: kFailedPrecondition for a folder of a newer format or held
// by another process (both say what to do); kDataLoss for a log that does not read back.
absl::StatusOr<Storage> OpenRocksStorage(const StorageOptions& options);

// The log of a data folder or a backup as it is now, to read alone: no lock is taken and nothing in
// the folder is written, so a process may be serving from it. Every write answers kUnavailable.
// Errors: kNotFound if there is none, kFailedPrecondition for another format, kDataLoss.
absl::StatusOr<std::unique_ptr<EventLog>> ReadRocksEventLog(const std::string& folder);

// The same in memory, for replays and tests; `secret` stands for the folder's.
Storage OpenMemoryStorage(SipKey secret);

}  // namespace pointsman
