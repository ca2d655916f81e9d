// What a pool counts since the start while it serves. Kept in memory alone.
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "domain/types.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"

namespace pointsman::engine {

class PoolCounters {
 public:
  void CountDecision(const Decision& decision);
  void CountFeedback(FeedbackResult result) { ++feedback_[static_cast<std::size_t>(result)]; }
  void CountRefused() { ++refused_; }
  // Counts the time between a decision and its first outcome.
  void CountLag(Micros lag);
  // A snapshot holds all events up to `version`.
  void NoteSnapshot(Sequence version, Micros now);
  // The number of outcomes that nobody reported, over all time.
  void SetMissing(uint64_t missing) { missing_ = missing; }

  // Fills `out` with what is counted here, and returns the decisions by arm. `out.snapshot_version` must be
  // set.
  std::vector<uint64_t> Fill(Micros now, PoolStatistics& out) const;

 private:
  std::array<std::atomic<uint64_t>, 8> feedback_{};  // by FeedbackResult
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> missing_{0};
  std::atomic<uint64_t> fallbacks_{0};
  mutable Mutex mutex_;
  std::vector<uint64_t> decisions_ GUARDED_BY(mutex_);  // by arm
  uint64_t explored_ GUARDED_BY(mutex_) = 0;
  FeedbackLag lag_ GUARDED_BY(mutex_);
  Sequence snapshotted_ GUARDED_BY(mutex_) = 0;
  Micros snapshot_at_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman::engine
