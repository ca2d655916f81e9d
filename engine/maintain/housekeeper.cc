#include "engine/maintain/housekeeper.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/background.h"
#include "base/status_macros.h"

namespace pointsman {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr Micros kRetryAfter = 10 * kMicrosPerSecond;

}  // namespace

Housekeeper::Housekeeper(const Limits& limits, Writing writing, EventLog& log, const Clock& clock,
                         WriteHealth& health)
    : limits_(limits), writing_(writing), log_(log), clock_(clock), health_(health) {
  if (writing_ == Writing::kThread) thread_ = std::thread([this] { Loop(); });
}

Housekeeper::~Housekeeper() { Stop(); }

void Housekeeper::Note(const std::shared_ptr<PoolRuntime>& pool) {
  Pools due;
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return;
    const Micros now = clock_.Now();
    const auto [it, is_new] = pools_.try_emplace(pool->id());
    Pool& entry = it->second;
    if (is_new) {
      entry.runtime = pool;
      const auto kept = log_.ListSnapshots(pool->id());
      if (kept.ok() && !kept->empty()) entry.snapshotted = kept->front();
    }
    if (!entry.is_behind) entry.due_at = now + limits_.snapshot_every_s * kMicrosPerSecond;
    entry.is_behind = true;
    const auto many = static_cast<Sequence>(limits_.snapshot_every_events);
    if (pool->state()->version() >= entry.snapshotted + many) {
      entry.due_at = std::min(entry.due_at, std::max(now, entry.not_before));
    }
    if (writing_ == Writing::kInline) {
      due = TakeDue(now);
    } else if (entry.due_at <= now) {
      wake_.NotifyAll();
    }
  }
  MakeSnapshots(due);
}

bool Housekeeper::Run(std::function<void()> job) {
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return false;
    if (writing_ == Writing::kThread) {
      jobs_.push_back(std::move(job));
      wake_.NotifyAll();
      return true;
    }
  }
  job();
  return true;
}

void Housekeeper::Stop() {
  {
    MutexLock lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  Pools behind;
  {
    MutexLock lock(mutex_);
    behind = TakeDue(std::numeric_limits<Micros>::max());
  }
  MakeSnapshots(behind);
}

absl::Status Housekeeper::snapshot_status() const {
  MutexLock lock(mutex_);
  return snapshot_status_;
}

void Housekeeper::Loop() {
  GiveWay();
  while (true) {
    Pools due;
    std::vector<std::function<void()>> jobs;
    {
      MutexLock lock(mutex_);
      due = TakeDue(clock_.Now());
      jobs.swap(jobs_);
      if (due.empty() && jobs.empty()) {
        if (is_stopping_) return;
        wake_.WaitFor(mutex_, kLookEvery);
        continue;
      }
    }
    MakeSnapshots(due);
    for (const auto& job : jobs) job();
  }
}

Housekeeper::Pools Housekeeper::TakeDue(Micros due_until) {
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

void Housekeeper::MakeSnapshots(const Pools& pools) {
  for (const auto& pool : pools) {
    const absl::Status made = MakeSnapshot(*pool);
    MutexLock lock(mutex_);
    snapshot_status_ = absl::IsNotFound(made) ? absl::OkStatus() : made;  // it was deleted
    if (made.ok() || absl::IsNotFound(made)) continue;
    Pool& entry = pools_[pool->id()];
    entry.is_behind = true;
    entry.due_at = entry.not_before = clock_.Now() + kRetryAfter;
    entry.snapshotted = 0;
  }
}

absl::Status Housekeeper::MakeSnapshot(PoolRuntime& pool) {
  const auto state = pool.state();
  RETURN_IF_ERROR(
      log_.PutSnapshot(pool.id(), state->version(), state->Encode(), limits_.snapshots_kept));
  pool.NoteSnapshot(state->version(), clock_.Now());
  return health_.Note(CompactLog(pool.id()));
}

absl::Status Housekeeper::CompactLog(PoolId pool) {
  std::vector<Sequence> kept;
  ASSIGN_OR_RETURN(kept, log_.ListSnapshots(pool));
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

}  // namespace pointsman
