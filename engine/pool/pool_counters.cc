#include "engine/pool/pool_counters.h"

#include <algorithm>

#include "engine/request/decision_facts.h"

namespace pointsman::engine {

void PoolCounters::CountDecision(const Decision& decision) {
  fallbacks_ += decision.context_source == ContextSource::kNone;
  const ArmId arm = decision.chosen.front().arm;
  const bool took_best = TookBest(decision);
  MutexLock lock(mutex_);
  explored_ += took_best ? 0 : 1;
  // The published state may contain an arm a moment before the caches do.
  if (decisions_.size() <= Index(arm)) decisions_.resize(Index(arm) + 1);
  ++decisions_[Index(arm)];
}

void PoolCounters::CountLag(Micros lag) {
  const double seconds = std::max(0.0, static_cast<double>(lag) / kMicrosPerSecond);
  const auto& bounds = FeedbackLag::kBoundsSeconds;
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
  MutexLock lock(mutex_);
  ++lag_.counts[static_cast<std::size_t>(bucket)];
  lag_.sum_s += seconds;
}

void PoolCounters::NoteSnapshot(Sequence version, Micros now) {
  MutexLock lock(mutex_);
  snapshotted_ = version;
  snapshot_at_ = now;
}

std::vector<uint64_t> PoolCounters::Fill(Micros now, PoolStatistics& out) const {
  const auto count = [&](FeedbackResult result) {
    return feedback_[static_cast<std::size_t>(result)].load();
  };
  out.missing = missing_.load();
  out.fallbacks = fallbacks_.load();
  out.feedback = {count(FeedbackResult::kApplied),    count(FeedbackResult::kMerged),
                  count(FeedbackResult::kCorrected),  count(FeedbackResult::kAlreadyApplied),
                  count(FeedbackResult::kLate),       refused_.load(),
                  count(FeedbackResult::kOverWeight), count(FeedbackResult::kClosed)};
  MutexLock lock(mutex_);
  out.explored = explored_;
  out.lag = lag_;
  if (snapshotted_ < out.snapshot_version) {
    out.snapshot_age_s = static_cast<double>(now - snapshot_at_) / kMicrosPerSecond;
  }
  return decisions_;
}

}  // namespace pointsman::engine
