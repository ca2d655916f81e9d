// What keeps the data folder in shape while the log writer and Route go on: snapshots of learned
// state, compaction of the log below them, backups.
// Operation: the writer notes each pool that has new events. A pool's snapshot falls due after
//   `snapshot_every_events` of them, or `snapshot_every_s` after the first. It is encoded from the
//   published state, which nobody changes. Once `snapshots_kept` of them are there, the log is
//   forgotten below the oldest, but for `events_kept` events.
// Errors: a snapshot that fails is tried again later, and shows in snapshot_status; nothing else
//   depends on it.
// Concurrency: Note, Run and snapshot_status from any thread. Writing::kThread: the work is done on
// a
//   thread of its own; Writing::kInline: on the caller's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "domain/limits.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/pool/pool_runtime.h"
#include "engine/maintain/write_health.h"
#include "storage/api/storage.h"

namespace pointsman {

class Housekeeper {
 public:
  Housekeeper(const Limits& limits, Writing writing, EventLog& log, const Clock& clock,
              WriteHealth& health);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  // The pool has, or may have, events that are in no snapshot.
  void Note(const std::shared_ptr<PoolRuntime>& pool);
  // Runs `job` between two snapshots. False: it is stopping, and the job is not run.
  bool Run(std::function<void()> job);
  // Finishes the jobs, makes a snapshot of every pool that was noted and has none of its newest
  // state, and ends. Idempotent.
  void Stop();

  // OK, or why the last snapshot failed.
  absl::Status snapshot_status() const;

 private:
  struct Pool {
    std::weak_ptr<PoolRuntime> runtime;
    Sequence snapshotted = 0;  // the newest snapshot, perhaps still being made
    bool is_behind = false;    // there are, or may be, events after it
    Micros due_at = 0;         // if it is behind
    Micros not_before = 0;     // after a failure
  };
  using Pools = std::vector<std::shared_ptr<PoolRuntime>>;

  void Loop();
  Pools TakeDue(Micros due_until) REQUIRES_LOCK(mutex_);
  void MakeSnapshots(const Pools& pools);
  absl::Status MakeSnapshot(PoolRuntime& pool);
  absl::Status CompactLog(PoolId pool);

  const Limits limits_;
  const Writing writing_;
  EventLog& log_;
  const Clock& clock_;
  WriteHealth& health_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::map<PoolId, Pool> pools_ GUARDED_BY(mutex_);
  std::vector<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  absl::Status snapshot_status_ GUARDED_BY(mutex_);
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pointsman
