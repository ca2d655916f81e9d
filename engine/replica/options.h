// How an engine takes part in a shared log, and how far it is.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/time.h"
#include "domain/types.h"
#include "storage/api/shared_log.h"

namespace pointsman::engine {

// How a replica takes part. Without `log` there is none: the engine is the only one on its folder.
struct ReplicaOptions {
  std::string name;  // of this replica; no other has it
  std::shared_ptr<storage::SharedLog> log;
  std::shared_ptr<storage::SharedLog>
      decisions;  // null: feedback reaches only the replica that decided
  Micros confirm_within = 5 * kMicrosPerSecond;  // the longest that a command waits for the log
};

// How far a replica is, and what it did since the start.
struct ReplicaFigures {
  uint64_t position = 0;        // of the last message that was folded
  Micros folded_at = 0;         // the log's time of that message
  uint64_t folded = 0;          // messages
  uint64_t proposed = 0;        // proposals, those that were proposed again included
  uint64_t waiting = 0;         // commands that wait for the log now
  uint64_t proposed_again = 0;  // because what they had read had changed
  uint64_t timed_out = 0;
  absl::Status status;  // why this replica does not follow the log; OK: it does
};

}  // namespace pointsman::engine
