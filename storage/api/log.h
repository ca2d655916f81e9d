// The log: each pool's events in order. It is the source of truth, and learning follows its order. A
// distributed log can replace it behind this interface.
// Errors: kUnavailable when the medium fails (disk full, I/O, read-only); kDataLoss when the bytes read are
//   not those that were written. After a failed write the log refuses further writes.
// Threads: Commit from one writer thread at a time; DropEventsBefore from one other; reads from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "storage/api/durability.h"
#include "storage/api/projections.h"

namespace pointsman::storage {

// How far a shared log (storage/api/shared_log.h) was folded into this one.
struct AppliedMark {
  uint64_t position = 0;  // of the last message that was folded; 0: none
  uint64_t hash = 0;      // of that message's bytes
  uint64_t epoch = 0;     // of the first message's bytes: another one is another log
  uint64_t changed = 0;   // of the last message that changed arms or pools
  uint64_t decisions =
      0;  // the last message of the shared decisions that was stored, or an earlier one
  uint32_t pools_made = 0;  // by the messages up to it: the ids of pools follow from the shared log
  friend bool operator==(const AppliedMark&, const AppliedMark&) = default;
};

// One atomic write, all or nothing: events and their projections.
struct LogBatch {
  std::vector<Event> events;  // per pool in sequence, without gaps
  std::vector<Pool> pools;    // made or changed
  std::vector<std::pair<FeedbackKey, FeedbackRecord>> feedback;
  std::vector<std::pair<PoolId, Experience>> experience;  // put, key (pool, sequence)
  std::vector<std::pair<PoolId, Sequence>> experience_removed;
  std::vector<std::pair<PoolId, PoolProgress>> progress;
  std::optional<AppliedMark> applied;
};

class Log {
 public:
  virtual ~Log() = default;

  // Errors: kInvalidArgument for an event that does not follow its pool's last one in sequence and time, or
  //   for a record that is not sound (storage/codec/soundness.h). Nothing is written then.
  virtual absl::Status Commit(const LogBatch& batch, Durability durability) = 0;
  // Events from `first` on, in order, at most `count_max`. Errors: kDataLoss for a gap or a bad record.
  virtual absl::StatusOr<std::vector<Event>> ReadEvents(PoolId pool, Sequence first,
                                                        std::size_t count_max) const = 0;
  // Drops events before `first_kept`, once learned state that covers them is stored elsewhere. The last event
  // always stays, so that sequences continue from it. Reading a dropped event is a gap.
  virtual absl::Status DropEventsBefore(PoolId pool, Sequence first_kept) = 0;
  // The last sequence of a pool's log; 0 if it has none.
  virtual absl::StatusOr<Sequence> LastSequence(PoolId pool) const = 0;
  // The first sequence that is still stored; 0 if there is none.
  virtual absl::StatusOr<Sequence> FirstSequence(PoolId pool) const = 0;
  // The last committed mark; a fresh one if no shared log was ever folded here.
  virtual absl::StatusOr<AppliedMark> ReadApplied() const = 0;
};

}  // namespace pointsman::storage
