// Whether what a data folder holds is what its log says: the log is replayed and compared, byte for
// byte, with the snapshots on the way.
// Operation: per pool, every event that is there is read back (which checks its checksum, its place
//   and its time); the replay begins with the oldest snapshot that reads back, or with nothing if the
//   log is whole and `from_start` asks for it. Then feedback records, past outcomes and the progress of the search for
//   missing feedback are made again from the log too, and compared with those that are kept. A snapshot that differs, or does not read back, is a
//   fault. So is a log that no state leads to.
// Errors: those of reading; what is found wrong is no error but part of the answer.
// Cost: one decoding of each event and one learning of those that are replayed: about 100,000 a second.
// Threads: pure functions; the log may be read or written meanwhile (ReadRocksEventLog shows it as it
//   was when it was opened).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

struct SnapshotCheck {
  Sequence sequence = 0;
  std::string fault;             // empty: none
  bool is_base = false;          // the replay began with it, so nothing was compared
  bool is_older_format = false;  // an older version made it, so its bytes are not compared
};

struct PoolCheck {
  std::string pool;
  Sequence first = 0;  // events that are there: first to last
  Sequence last = 0;
  Sequence replayed_from = 0;  // the snapshot that the replay began with; 0: nothing
  Sequence replayed_to = 0;
  std::vector<SnapshotCheck> snapshots;  // oldest first
  uint64_t records_compared =
      0;  // feedback records made again from the log; 0: it does not begin at the start
  uint64_t checksum = 0;  // of the state at `replayed_to`: StateChecksum
  std::string fault;      // of the log; empty: none
  bool is_sound() const;
};

struct VerifyOptions {
  bool from_start = false;
  // Told the events read of a pool and its last one; may be null.
  std::function<void(const std::string& pool, Sequence done, Sequence last)> on_progress;
};

// By pool id. Errors: kFailedPrecondition if `from_start` is asked of a log whose beginning was let go.
absl::StatusOr<std::vector<PoolCheck>> VerifyLog(const storage::EventLog& log,
                                                 const VerifyOptions& options);

}  // namespace pointsman::engine
