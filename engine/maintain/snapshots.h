// Snapshots of learned state, and compaction of the log below them, while the log writer and Route go on.
// Operation: the writer notes each pool that has new events. A pool's snapshot falls due after
//   `snapshot_every_events` of them, or `snapshot_every_s` after the first; MakeDue, a job of the scheduler, makes
//   those that are. A snapshot is encoded from the published state, which nobody changes. Once `snapshots_kept` of
//   them are there, the log is dropped below the oldest, but for `events_kept` events.
// Errors: a snapshot that fails is tried again later, and shows in status; nothing else depends on it.
// Threads: Note and status from any thread; MakeDue and MakeAll from one at a time.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "domain/limits.h"
#include "engine/maintain/write_health.h"
#include "engine/pool/pool_runtime.h"
#include "storage/api/log.h"
#include "storage/api/snapshots.h"

namespace pointsman::engine {

class Snapshots {
 public:
  Snapshots(const Limits& limits, storage::Log& log, storage::SnapshotStore& store,
            const Clock& clock, WriteHealth& health)
      : limits_(limits), log_(log), store_(store), clock_(clock), health_(health) {}

  // Notes that the pool has, or may have, events that are in no snapshot. Returns true if a snapshot is due.
  bool Note(const std::shared_ptr<PoolRuntime>& pool);
  void MakeDue(Micros now);
  // Makes a snapshot of every noted pool whose newest state has none.
  void MakeAll();

  // OK, or why the last snapshot failed.
  absl::Status status() const;

 private:
  struct Pool {
    std::weak_ptr<PoolRuntime> runtime;
    Sequence snapshotted = 0;  // the newest snapshot, perhaps still being made
    bool is_behind = false;    // there are, or may be, events after it
    Micros due_at = 0;         // if it is behind
    Micros not_before = 0;     // after a failure
  };
  using Pools = std::vector<std::shared_ptr<PoolRuntime>>;

  Pools TakeDue(Micros due_until);
  void Make(const Pools& pools);
  absl::Status MakeOne(PoolRuntime& pool);
  absl::Status CompactLog(PoolId pool);

  const Limits limits_;
  storage::Log& log_;
  storage::SnapshotStore& store_;
  const Clock& clock_;
  WriteHealth& health_;
  mutable Mutex mutex_;
  std::map<PoolId, Pool> pools_ GUARDED_BY(mutex_);
  absl::Status last_status_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::engine
