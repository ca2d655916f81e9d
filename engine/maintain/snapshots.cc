#include "engine/maintain/snapshots.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status_macros.h"

namespace pointsman::engine {
namespace {

constexpr Micros kRetryAfter = 10 * kMicrosPerSecond;

}  // namespace

bool Snapshots::Note(const std::shared_ptr<PoolRuntime>& pool) {
  MutexLock lock(mutex_);
  const Micros now = clock_.Now();
  const auto [it, is_new] = pools_.try_emplace(pool->id());
  Pool& entry = it->second;
  if (is_new) {
    entry.runtime = pool;
    const auto kept = store_.ListSnapshots(pool->id());
    if (kept.ok() && !kept->empty()) entry.snapshotted = kept->front();
  }
  if (!entry.is_behind) entry.due_at = now + limits_.snapshot_every_s * kMicrosPerSecond;
  entry.is_behind = true;
  const auto many = static_cast<Sequence>(limits_.snapshot_every_events);
  if (pool->state()->version() >= entry.snapshotted + many) {
    entry.due_at = std::min(entry.due_at, std::max(now, entry.not_before));
  }
  return entry.due_at <= now;
}

void Snapshots::MakeDue(Micros now) { Make(TakeDue(now)); }

void Snapshots::MakeAll() { Make(TakeDue(std::numeric_limits<Micros>::max())); }

absl::Status Snapshots::status() const {
  MutexLock lock(mutex_);
  return last_status_;
}

Snapshots::Pools Snapshots::TakeDue(Micros due_until) {
  MutexLock lock(mutex_);
  Pools due;
  for (auto it = pools_.begin(); it != pools_.end();) {
    Pool& entry = it->second;
    const auto runtime = entry.runtime.lock();
    if (runtime == nullptr) {  // deleted
      it = pools_.erase(it);
      continue;
    }
    ++it;
    if (!entry.is_behind || entry.due_at > due_until) continue;
    entry.is_behind = false;
    const Sequence version = runtime->state()->version();
    if (version <= entry.snapshotted) continue;
    entry.snapshotted = version;
    due.push_back(runtime);
  }
  return due;
}

void Snapshots::Make(const Pools& pools) {
  for (const auto& pool : pools) {
    const absl::Status made = MakeOne(*pool);
    MutexLock lock(mutex_);
    last_status_ = absl::IsNotFound(made) ? absl::OkStatus() : made;  // it was deleted
    if (made.ok() || absl::IsNotFound(made)) continue;
    Pool& entry = pools_[pool->id()];
    entry.is_behind = true;
    entry.due_at = entry.not_before = clock_.Now() + kRetryAfter;
    entry.snapshotted = 0;
  }
}

absl::Status Snapshots::MakeOne(PoolRuntime& pool) {
  const auto state = pool.state();
  RETURN_IF_ERROR(
      store_.PutSnapshot(pool.id(), state->version(), state->Encode(), limits_.snapshots_kept));
  pool.counters().NoteSnapshot(state->version(), clock_.Now());
  return health_.Note(CompactLog(pool.id()));
}

absl::Status Snapshots::CompactLog(PoolId pool) {
  std::vector<Sequence> kept;
  ASSIGN_OR_RETURN(kept, store_.ListSnapshots(pool));
  if (kept.size() < static_cast<std::size_t>(limits_.snapshots_kept)) return absl::OkStatus();
  const auto more = static_cast<Sequence>(limits_.events_kept);
  const Sequence oldest = kept.back();
  if (oldest <= more) return absl::OkStatus();
  const Sequence first_kept = oldest - more + 1;
  Sequence first = 0;
  ASSIGN_OR_RETURN(first, log_.FirstSequence(pool));
  if (first == 0 || first >= first_kept) return absl::OkStatus();
  return log_.DropEventsBefore(pool, first_kept);
}

}  // namespace pointsman::engine
