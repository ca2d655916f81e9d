// Which arms a request may get: all active arms that meet its constraints or, in a pool larger than
// its shortlist, a shortlist of them: nearest by description, favoured by the learned state, served
// near past queries, and a few at random (so that every arm can be found).
// Errors: kFailedPrecondition with the reason per arm when none is left; kInvalidArgument for an
//   unknown arm named in a constraint.
// Threads: pure functions of their arguments.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "service/engine/pool_runtime.h"
#include "service/engine/requests.h"

namespace pointsman {

// Constraints with names resolved, for one request.
class ConstraintCheck {
 public:
  static absl::StatusOr<ConstraintCheck> Make(const PoolRuntime& pool, const Constraints& c);

  // Empty if the arm passes, its expected cost and latency included; else why it does not.
  std::string WhyNot(const Arm& arm, const LearnedState& state, double input_tokens) const;
  // Arms named in allow_arms; empty: no such constraint.
  const std::vector<ArmId>& allowed() const { return allowed_; }
  bool is_empty() const { return constraints_ == nullptr; }

 private:
  const Constraints* constraints_ = nullptr;  // null: nothing is asked
  std::vector<ArmId> allowed_;                // sorted
  std::vector<ArmId> denied_;                 // sorted
};

// Why arms were left out, for the answer when none remains: "a: ...; b: ...", bounded.
class Rejections {
 public:
  void Add(const Arm& arm, std::string_view why);
  absl::Status AsStatus(const PoolRuntime& pool) const;

 private:
  std::string text_;
  std::size_t count_ = 0;
  std::size_t shown_ = 0;
};

// At least one arm, ascending by id. `seed` drives the random members of a shortlist.
absl::StatusOr<std::vector<ArmId>> GatherCandidates(
    const PoolRuntime& pool, const LearnedState& state, const QueryContext& context,
    const ConstraintCheck& check, std::span<const Neighbour> neighbours, uint64_t seed);

}  // namespace pointsman
