// Checks that a data folder holds what its log says. The log is replayed and compared, byte for byte, with the
// snapshots on the way.
// Operation: for each pool, every stored event is read back, which checks its checksum, position and time. The
//   replay begins with the oldest snapshot that reads back. If the log is whole, it begins with nothing when no
//   snapshot reads back or when `from_start` asks for it. In the latter case feedback records, past outcomes and
//   the progress of the search for missing feedback are made again from the log too, and compared with the stored
//   ones. A snapshot that differs or does not read back is a fault, and so is a log that leads to no valid state.
// Errors: those of reading. A fault that the check finds is no error but part of the answer.
// Cost: one decoding of each event, and one learning of each event that is replayed: about 100,000 a second.
// Threads: pure functions. The log may be read or written meanwhile (ReadRocksEventLog shows the log as it was
//   when it was opened).
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
  Sequence first = 0;  // the stored events are `first` to `last`
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
  // Called with the number of events read of a pool, and with its last event. May be null.
  std::function<void(const std::string& pool, Sequence done, Sequence last)> on_progress;
};

// In order of pool id. Errors: kFailedPrecondition if `from_start` is asked of a log whose first events were
// dropped.
absl::StatusOr<std::vector<PoolCheck>> VerifyLog(const storage::EventLog& log,
                                                 const VerifyOptions& options);

}  // namespace pointsman::engine
