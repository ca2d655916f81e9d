// What a pool did in the last minutes, hours and days, for curves. It is learned from by nobody.
// Operation: minutes are counted as they pass. A minute that is over is added to its ten minutes and to its two
//   hours. Two hours of minutes are kept, two days of ten minutes, and fourteen days of two hours. In a minute that is
//   over, the kArmsMax busiest arms keep places of their own; the others share one.
// Cost: O(log arms of the minute) an entry, under a lock. Memory: at most 480 buckets of kArmsMax arms, about 2 MB.
// Limitations: corrections of outcomes are not counted, and neither are imports.
// Threads: any.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "domain/event.h"
#include "engine/request/history.h"

namespace pointsman::engine {

class PoolHistory {
 public:
  static constexpr std::size_t kArmsMax = 32;
  static constexpr Micros kSpanMax = kHistorySpanMax;

  void CountDecision(const Decision& decision);
  void CountOutcome(Micros time, const OutcomeEvent& outcome);

  // The last `span` before `now`, in the shortest buckets that reach back so far.
  History Read(Micros span, Micros now) const;

  // Increases with every entry, so that nothing is saved twice.
  uint64_t entries() const;
  std::string Encode() const;
  // False for bytes of another format or damaged ones; then it stays as it is. Call it before anything is counted.
  bool Decode(std::string_view bytes);

 private:
  struct Level {
    Micros step = 0;
    std::size_t kept = 0;
    std::deque<HistoryBucket> buckets;  // in order of time; the newest may be unfinished
  };
  HistoryBucket& MinuteOf(Micros time) REQUIRES_LOCK(mutex_);
  void CloseMinute() REQUIRES_LOCK(mutex_);
  static HistoryBucket& BucketOf(Level& level, Micros time);

  mutable Mutex mutex_;
  // The minute that is being counted is the last of the first level, and in no other level yet.
  std::array<Level, 3> levels_ GUARDED_BY(mutex_) = {Level{60 * kMicrosPerSecond, 120, {}},
                                                     Level{600 * kMicrosPerSecond, 288, {}},
                                                     Level{7200 * kMicrosPerSecond, 168, {}}};
  uint64_t entries_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pointsman::engine
