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

namespace pointsman::storage {

// A decision, and the arms whose outcomes it waits for.
struct WaitingDecision {
  DecisionPosition position;
  std::vector<ArmId> arms;
  friend bool operator==(const WaitingDecision&, const WaitingDecision&) = default;
};

// Stores decisions for `decision_ttl`, and at most a given number of bytes, apart from the
// files being written. Whole files expire, the oldest first, so a decision may stay until the
// rest of its file has expired.
// Threads: any, concurrently.
class DecisionStore {
 public:
  virtual ~DecisionStore() = default;
  virtual absl::Status Put(const Decision& decision, Durability durability) = 0;
  virtual absl::Status PutBatch(const std::vector<Decision>& decisions, Durability durability) = 0;
  // Nullopt: never stored, or expired.
  virtual absl::StatusOr<std::optional<Decision>> Get(PoolId pool,
                                                      std::string_view decision_id) const = 0;
  // The pool's decisions after `after` that were made before `before`, in order, at most `count_max`.
  // Their records may have expired or been replaced since. Decisions inserted behind a position that
  // was already read are skipped.
  virtual absl::StatusOr<std::vector<WaitingDecision>> ReadWaiting(PoolId pool,
                                                                   const DecisionPosition& after,
                                                                   Micros before,
                                                                   std::size_t count_max) const = 0;
  // The pool's decisions before `before`, the newest first, at most `count_max`. Their records may have expired.
  virtual absl::StatusOr<std::vector<DecisionPosition>> ReadNewest(PoolId pool,
                                                                   const DecisionPosition& before,
                                                                   std::size_t count_max) const = 0;
  // Copies the store as it is now to `folder`, which exists, while writes go on.
  virtual absl::Status Checkpoint(const std::string& folder) = 0;
};

}  // namespace pointsman::storage
