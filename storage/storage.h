// What the service keeps, behind interfaces: the event log (the truth), the decisions waiting for
// feedback, and snapshots of learned state. Two implementations: RocksDB on disk and memory.
// This is the seam for a distributed log later: learning order is log order.
// Errors: kUnavailable when the medium fails (disk full, I/O, read-only), kDataLoss when bytes read
//   are not what was written; after a failed write the store refuses further writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/arm.h"
#include "base/event.h"
#include "base/siphash.h"
#include "base/types.h"

namespace pointsman {

// How much of a crash a write survives once the call has returned. Always an explicit argument.
enum class Durability : uint8_t {
  kProcess = 1,  // the death of this process (kill -9), not of the machine: handed to the kernel
  kDisk = 2,     // power loss: synced
};

// When the caller says that a field of an outcome was observed.
struct FieldTime {
  uint8_t field = 0;  // its number in record.proto's Outcome
  Micros at = 0;
  friend bool operator==(const FieldTime&, const FieldTime&) = default;
};

// What feedback has said so far of one decision and one arm; makes feedback idempotent. The record of
// the first arm also stands for the decision: `served` is the arm that feedback without a name is about.
struct FeedbackRecord {
  struct Seen {
    std::string feedback_id;
    uint64_t payload_hash = 0;
    bool is_learned = true;  // false: LATE or OVER_WEIGHT, so the same may be learned later
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::vector<Seen> seen;         // in order of arrival
  Outcome learned;                // fields that were learned, with their values
  Sequence quality_sequence = 0;  // the event that brought the quality; 0: none yet
  ArmId served{};                 // the arm that answered, as the last feedback that named one said
  Micros decision_time = 0;       // of the decision it is about: a caller's id may come again
  double weight = 1;              // with which `learned` was learned, whole and corrected
  std::vector<uint64_t> counted;  // whose weight it took: hashes of clients' names
  // A quality or an error was told that its client had no weight left for: nobody was silent.
  bool is_told_over_weight = false;
  std::optional<Anchor> anchor = {};    // where `learned` entered the learned state
  std::vector<FieldTime> told_at = {};  // of the fields of `learned` that came with a time
  bool is_closed = false;          // not served, or by no arm of the pool: silence is not counted
  // Of this arm alone. False (before format 3): `learned` is of `served`, whichever arm that is.
  bool is_split = false;
  friend bool operator==(const FeedbackRecord&, const FeedbackRecord&) = default;
};

struct FeedbackKey {
  PoolId pool{};
  std::string decision_id;
  ArmId arm{};
  friend bool operator==(const FeedbackKey&, const FeedbackKey&) = default;
};

// A decision among those of its pool, in order of time.
struct DecisionPosition {
  Micros time = 0;
  std::string decision_id;
  friend auto operator<=>(const DecisionPosition&, const DecisionPosition&) = default;
};

// A decision that was made, and the arms whose outcomes it waits for.
struct WaitingDecision {
  DecisionPosition position;
  std::vector<ArmId> arms;
  friend bool operator==(const WaitingDecision&, const WaitingDecision&) = default;
};

// How far a pool's decisions were judged for missing feedback.
struct PoolProgress {
  DecisionPosition judged;  // the last one
  uint64_t missing = 0;     // outcomes that nobody told, ever
  friend bool operator==(const PoolProgress&, const PoolProgress&) = default;
};

// One atomic write of the log database: all of it or nothing.
struct LogBatch {
  std::vector<Event> events;  // per pool in sequence, without gaps
  std::vector<Pool> pools;    // made or changed
  std::vector<std::pair<FeedbackKey, FeedbackRecord>> feedback;
  std::vector<std::pair<PoolId, Experience>> experience;  // put, key (pool, sequence)
  std::vector<std::pair<PoolId, Sequence>> experience_removed;
  std::vector<std::pair<PoolId, PoolProgress>> progress;
};

// Threads: Commit, DropPool and ExpireFeedback from one writer thread at a time; PutSnapshot,
// DropEventsBefore and Checkpoint from one other; reads from any thread.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // The secret that keys sampling draws and ids; made once with the folder.
  virtual SipKey secret() const = 0;
  // The next pool id never given before; remembered before it returns (kDisk).
  virtual absl::StatusOr<PoolId> NewPoolId() = 0;

  // Errors: kInvalidArgument, and nothing written, for an event that does not follow its pool's
  // last one in sequence and time, or a record that is not sound (storage/soundness.h).
  virtual absl::Status Commit(const LogBatch& batch, Durability durability) = 0;
  // Forgets a pool: its record, events, feedback, experience and snapshots (kDisk).
  virtual absl::Status DropPool(PoolId pool) = 0;

  virtual absl::StatusOr<std::vector<Pool>> ReadPools() const = 0;
  // Events from `first` on, in order, at most `count_max`. kDataLoss at a gap or a bad record.
  virtual absl::StatusOr<std::vector<Event>> ReadEvents(PoolId pool, Sequence first,
                                                        std::size_t count_max) const = 0;
  // Forgets events before `first_kept`, once learned state that covers them is kept elsewhere. The
  // last event always stays, so that sequences go on from it. Reading a forgotten one is a gap.
  virtual absl::Status DropEventsBefore(PoolId pool, Sequence first_kept) = 0;
  // The last sequence of a pool's log; 0 if it has none.
  virtual absl::StatusOr<Sequence> LastSequence(PoolId pool) const = 0;
  // The first one that is still there; 0 if there is none.
  virtual absl::StatusOr<Sequence> FirstSequence(PoolId pool) const = 0;
  virtual absl::StatusOr<std::optional<FeedbackRecord>> ReadFeedback(
      const FeedbackKey& key) const = 0;
  // Lets go of feedback records that last changed before `before`. A record's change is stamped
  // with the time of its pool's newest event, so before and after are those of event time. Cheap:
  // disk space comes back when files are next compacted, within about a day of writing; until then
  // such a record may still be read. The horizon only moves forward and is not kept over a restart.
  virtual absl::Status ExpireFeedback(Micros before) = 0;
  // As it was last committed; a fresh one if it never was.
  virtual absl::StatusOr<PoolProgress> ReadProgress(PoolId pool) const = 0;
  // In order of sequence.
  virtual absl::Status ReadExperience(PoolId pool,
                                      const std::function<void(Experience)>& visit) const = 0;

  // Snapshots: bytes of learned state at a log position, checksummed here. Keeps the newest `keep`
  // (>= 1). Durable on disk when it returns. A failure breaks nothing else: the log goes on. Errors:
  // kNotFound for a pool that was dropped.
  virtual absl::Status PutSnapshot(PoolId pool, Sequence sequence, std::string_view bytes,
                                   int64_t keep) = 0;
  // Sequences of the kept snapshots, newest first.
  virtual absl::StatusOr<std::vector<Sequence>> ListSnapshots(PoolId pool) const = 0;
  // kDataLoss if it is torn or corrupt.
  virtual absl::StatusOr<std::string> ReadSnapshot(PoolId pool, Sequence sequence) const = 0;

  // A copy of the log as it is now, under `folder` (which exists), while it is written. No pool id
  // is given until `then` has returned. Errors: `then`'s; kUnimplemented in memory.
  virtual absl::Status Checkpoint(const std::string& folder,
                                  const std::function<absl::Status()>& then) = 0;
};

// Decisions, for `decision_ttl` and at most so many bytes, give or take the files being written.
// They go by whole files, the oldest first, so one may outlive its time until its file is as old.
// Threads: any, concurrently.
class DecisionStore {
 public:
  virtual ~DecisionStore() = default;
  virtual absl::Status Put(const Decision& decision, Durability durability) = 0;
  virtual absl::Status PutBatch(const std::vector<Decision>& decisions, Durability durability) = 0;
  // Nullopt: never seen, or expired and gone.
  virtual absl::StatusOr<std::optional<Decision>> Get(PoolId pool,
                                                      std::string_view decision_id) const = 0;
  // The pool's decisions after `after` that were made before `before`, in order, at most
  // `count_max`. They may be gone or have been made again since. A decision that is put with an
  // older time than those already asked for is not seen by who goes on from there.
  virtual absl::StatusOr<std::vector<WaitingDecision>> ReadWaiting(PoolId pool,
                                                                   const DecisionPosition& after,
                                                                   Micros before,
                                                                   std::size_t count_max) const = 0;
  // A copy of the store as it is now, under `folder` (which exists), while it is written.
  virtual absl::Status Checkpoint(const std::string& folder) = 0;
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
