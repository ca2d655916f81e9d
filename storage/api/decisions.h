// The decisions that wait for feedback.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/event.h"
#include "domain/types.h"
#include "storage/api/durability.h"

namespace pointsman {

// A decision that was made, and the arms whose outcomes it waits for.
struct WaitingDecision {
  DecisionPosition position;
  std::vector<ArmId> arms;
  friend bool operator==(const WaitingDecision&, const WaitingDecision&) = default;
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
  // `count_max`. They may be gone or have been made again since. A decision that is put behind a
  // position that was already asked for is skipped.
  virtual absl::StatusOr<std::vector<WaitingDecision>> ReadWaiting(PoolId pool,
                                                                   const DecisionPosition& after,
                                                                   Micros before,
                                                                   std::size_t count_max) const = 0;
  // A copy of the store as it is now, under `folder` (which exists), while it is written.
  virtual absl::Status Checkpoint(const std::string& folder) = 0;
};

}  // namespace pointsman
