// Event log and decisions in memory, with the semantics of those on disk but without the encoding: replays
// commit tens of thousands of rounds.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/api/batch_check.h"
#include "storage/api/storage.h"
#include "storage/codec/keys.h"
#include "storage/codec/soundness.h"

namespace pointsman::storage {
namespace {

struct StampedFeedback {
  FeedbackRecord record;
  Micros changed_at = 0;
};

// What is stored of one pool.
struct PoolShelf {
  std::optional<Pool> record;
  Sequence first = 1;  // of `events`, which have no gaps
  std::vector<Event> events;
  std::unordered_map<std::string, StampedFeedback> feedback;  // by EncodeFeedbackKey
  std::map<Sequence, Experience> experience;
  std::map<Sequence, std::string> snapshots;
  std::string history;
  PoolProgress progress;
};

class MemoryEventLog final : public EventLog {
 public:
  explicit MemoryEventLog(SipKey secret) : secret_(secret) {}

  SipKey secret() const override {
    MutexLock lock(mutex_);
    return secret_;
  }

  absl::Status AdoptSecret(SipKey secret) override {
    MutexLock lock(mutex_);
    if (secret == secret_) return absl::OkStatus();
    if (next_pool_ > 1 || !shelves_.empty()) return HasPoolsOfItsOwn();
    secret_ = secret;
    return absl::OkStatus();
  }

  absl::StatusOr<PoolId> NewPoolId() override {
    MutexLock lock(mutex_);
    return PoolId{next_pool_++};
  }

  absl::Status Commit(const LogBatch& batch, Durability) override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const auto tails_after, CheckBatch(batch, tails_));
    for (const auto& [pool, tail] : tails_after) tails_[pool] = tail;
    for (const Event& event : batch.events) shelves_[event.pool].events.push_back(event);
    for (const Pool& pool : batch.pools) shelves_[pool.id].record = pool;
    for (const auto& [key, record] : batch.feedback) {
      shelves_[key.pool].feedback[EncodeFeedbackKey(key.pool, key.decision_id, key.arm)] = {
          record, tails_[key.pool].time};
    }
    for (const auto& [pool, experience] : batch.experience) {
      shelves_[pool].experience[experience.sequence] = experience;
    }
    for (const auto& [pool, sequence] : batch.experience_removed) {
      shelves_[pool].experience.erase(sequence);
    }
    for (const auto& [pool, progress] : batch.progress) shelves_[pool].progress = progress;
    if (batch.applied) applied_ = *batch.applied;
    return absl::OkStatus();
  }

  absl::Status DropPool(PoolId pool) override {
    MutexLock lock(mutex_);
    shelves_.erase(pool);
    tails_.erase(pool);
    dropped_.insert(pool);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Pool>> ReadPools() const override {
    MutexLock lock(mutex_);
    std::vector<Pool> pools;
    for (const auto& [id, shelf] : shelves_) {
      if (shelf.record) pools.push_back(*shelf.record);
    }
    return pools;
  }

  absl::StatusOr<std::vector<Event>> ReadEvents(PoolId pool, Sequence first,
                                                std::size_t count_max) const override {
    MutexLock lock(mutex_);
    const PoolShelf* shelf = Find(pool);
    if (shelf == nullptr || shelf->events.empty() || count_max == 0) return std::vector<Event>();
    first = std::max<Sequence>(first, 1);
    if (first < shelf->first) {
      return DataLoss("pool ", Index(pool), ": event ", first, " is missing; the next one is ",
                      shelf->first);
    }
    const std::size_t from = std::min<std::size_t>(first - shelf->first, shelf->events.size());
    const std::size_t count = std::min(count_max, shelf->events.size() - from);
    const auto begin = shelf->events.begin() + static_cast<std::ptrdiff_t>(from);
    return std::vector<Event>(begin, begin + static_cast<std::ptrdiff_t>(count));
  }

  absl::Status DropEventsBefore(PoolId pool, Sequence first_kept) override {
    MutexLock lock(mutex_);
    const auto found = shelves_.find(pool);
    if (found == shelves_.end() || found->second.events.empty()) return absl::OkStatus();
    PoolShelf& shelf = found->second;
    first_kept = std::min(first_kept, shelf.events.back().sequence);
    if (first_kept <= shelf.first) return absl::OkStatus();
    const auto dropped = static_cast<std::ptrdiff_t>(first_kept - shelf.first);
    shelf.events.erase(shelf.events.begin(), shelf.events.begin() + dropped);
    shelf.first = first_kept;
    return absl::OkStatus();
  }

  absl::StatusOr<Sequence> LastSequence(PoolId pool) const override {
    MutexLock lock(mutex_);
    const auto tail = tails_.find(pool);
    return tail == tails_.end() ? 0 : tail->second.sequence;
  }

  absl::StatusOr<Sequence> FirstSequence(PoolId pool) const override {
    MutexLock lock(mutex_);
    const PoolShelf* shelf = Find(pool);
    return shelf == nullptr || shelf->events.empty() ? 0 : shelf->first;
  }

  absl::StatusOr<AppliedMark> ReadApplied() const override {
    MutexLock lock(mutex_);
    return applied_;
  }

  absl::StatusOr<PoolProgress> ReadProgress(PoolId pool) const override {
    MutexLock lock(mutex_);
    const PoolShelf* shelf = Find(pool);
    return shelf == nullptr ? PoolProgress() : shelf->progress;
  }

  absl::StatusOr<std::optional<FeedbackRecord>> ReadFeedback(
      const FeedbackKey& key) const override {
    MutexLock lock(mutex_);
    const PoolShelf* shelf = Find(key.pool);
    if (shelf == nullptr) return std::optional<FeedbackRecord>();
    const auto found = shelf->feedback.find(EncodeFeedbackKey(key.pool, key.decision_id, key.arm));
    if (found == shelf->feedback.end()) return std::optional<FeedbackRecord>();
    return std::optional(found->second.record);
  }

  absl::Status ExpireFeedback(Micros before) override {
    MutexLock lock(mutex_);
    for (auto& [id, shelf] : shelves_) {
      std::erase_if(shelf.feedback,
                    [before](const auto& entry) { return entry.second.changed_at < before; });
    }
    return absl::OkStatus();
  }

  absl::Status ReadExperience(PoolId pool,
                              const std::function<void(Experience)>& visit) const override {
    std::vector<Experience> found;  // so that `visit` may call this log
    {
      MutexLock lock(mutex_);
      const PoolShelf* shelf = Find(pool);
      if (shelf == nullptr) return absl::OkStatus();
      found.reserve(shelf->experience.size());
      for (const auto& [sequence, experience] : shelf->experience) found.push_back(experience);
    }
    for (Experience& experience : found) visit(std::move(experience));
    return absl::OkStatus();
  }

  absl::Status PutSnapshot(PoolId pool, Sequence sequence, std::string_view bytes,
                           int64_t keep) override {
    if (keep < 1) return InvalidArgument("snapshots: at least 1 must be kept, not ", keep);
    MutexLock lock(mutex_);
    if (dropped_.contains(pool)) return NotFound("pool ", Index(pool), " was dropped");
    auto& snapshots = shelves_[pool].snapshots;
    snapshots[sequence] = bytes;
    while (snapshots.size() > static_cast<std::size_t>(keep)) snapshots.erase(snapshots.begin());
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Sequence>> ListSnapshots(PoolId pool) const override {
    MutexLock lock(mutex_);
    std::vector<Sequence> sequences;
    if (const PoolShelf* shelf = Find(pool)) {
      for (const auto& [sequence, bytes] : shelf->snapshots) sequences.push_back(sequence);
    }
    return std::vector<Sequence>(sequences.rbegin(), sequences.rend());
  }

  absl::StatusOr<std::string> ReadSnapshot(PoolId pool, Sequence sequence) const override {
    MutexLock lock(mutex_);
    if (const PoolShelf* shelf = Find(pool)) {
      const auto found = shelf->snapshots.find(sequence);
      if (found != shelf->snapshots.end()) return found->second;
    }
    return NotFound("pool ", Index(pool), " has no snapshot at ", sequence);
  }

  absl::Status PutHistory(PoolId pool, std::string_view bytes) override {
    MutexLock lock(mutex_);
    if (dropped_.contains(pool)) return NotFound("pool ", Index(pool), " was dropped");
    shelves_[pool].history = bytes;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadHistory(PoolId pool) const override {
    MutexLock lock(mutex_);
    const PoolShelf* shelf = Find(pool);
    return shelf == nullptr ? std::string() : shelf->history;
  }

  absl::Status Checkpoint(const std::string&, const std::function<absl::Status()>&) override {
    return absl::UnimplementedError("a log in memory has no backup");
  }

 private:
  const PoolShelf* Find(PoolId pool) const REQUIRES_LOCK(mutex_) {
    const auto found = shelves_.find(pool);
    return found == shelves_.end() ? nullptr : &found->second;
  }

  SipKey secret_ GUARDED_BY(mutex_);
  mutable Mutex mutex_;
  uint32_t next_pool_ GUARDED_BY(mutex_) = 1;
  std::map<PoolId, PoolShelf> shelves_ GUARDED_BY(mutex_);
  std::map<PoolId, PoolTail> tails_ GUARDED_BY(mutex_);
  std::set<PoolId> dropped_ GUARDED_BY(mutex_);
  AppliedMark applied_ GUARDED_BY(mutex_);
};

class MemoryDecisionStore final : public DecisionStore {
 public:
  absl::Status Put(const Decision& decision, Durability) override {
    RETURN_IF_ERROR(CheckSound(decision));
    std::string key = EncodeDecisionKey(decision.pool, decision.id);
    MutexLock lock(mutex_);
    times_[decision.pool][{decision.time, decision.id}] = RatedArms(decision);
    decisions_.insert_or_assign(std::move(key), decision);
    return absl::OkStatus();
  }

  absl::Status PutBatch(const std::vector<Decision>& decisions, Durability durability) override {
    for (const Decision& decision : decisions) RETURN_IF_ERROR(CheckSound(decision));
    for (const Decision& decision : decisions) RETURN_IF_ERROR(Put(decision, durability));
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Decision>> Get(PoolId pool,
                                              std::string_view decision_id) const override {
    const std::string key = EncodeDecisionKey(pool, decision_id);
    MutexLock lock(mutex_);
    const auto found = decisions_.find(key);
    if (found == decisions_.end()) return std::optional<Decision>();
    return std::optional(found->second);
  }

  absl::StatusOr<std::vector<WaitingDecision>> ReadWaiting(PoolId pool,
                                                           const DecisionPosition& after,
                                                           Micros before,
                                                           std::size_t count_max) const override {
    MutexLock lock(mutex_);
    std::vector<WaitingDecision> waiting;
    const auto times = times_.find(pool);
    if (times == times_.end()) return waiting;
    for (auto it = times->second.upper_bound(after);
         it != times->second.end() && it->first.time < before && waiting.size() < count_max; ++it) {
      waiting.push_back({it->first, it->second});
    }
    return waiting;
  }

  absl::StatusOr<std::vector<DecisionPosition>> ReadNewest(PoolId pool,
                                                           const DecisionPosition& before,
                                                           std::size_t count_max) const override {
    MutexLock lock(mutex_);
    std::vector<DecisionPosition> newest;
    const auto times = times_.find(pool);
    if (times == times_.end()) return newest;
    for (auto it = times->second.lower_bound(before);
         it != times->second.begin() && newest.size() < count_max;) {
      newest.push_back((--it)->first);
    }
    return newest;
  }

  absl::Status Checkpoint(const std::string&) override {
    return absl::UnimplementedError("decisions in memory have no backup");
  }

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::string, Decision> decisions_ GUARDED_BY(mutex_);
  std::map<PoolId, std::map<DecisionPosition, std::vector<ArmId>>> times_ GUARDED_BY(mutex_);
};

}  // namespace

Storage OpenMemoryStorage(SipKey secret) {
  return {std::make_unique<MemoryEventLog>(secret), std::make_unique<MemoryDecisionStore>()};
}

}  // namespace pointsman::storage
