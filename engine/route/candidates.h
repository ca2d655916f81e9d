// Which arms a request may get: all active arms that can take it or, in a pool larger than its
// shortlist, a shortlist of them: nearest by description, favoured by the learned state, served
// near past queries, and a few at random (so that every arm can be found).
// Errors: kFailedPrecondition with the reason per arm when none is left; kInvalidArgument for an
//   unknown arm named in a constraint, where names are strict or none is left of allow_arms.
// Threads: pure functions of their arguments.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

// The arms that a request's constraints name, sorted, and a note on each list that names others.
struct NamedArms {
  std::vector<ArmId> allowed;  // empty: no such constraint
  std::vector<ArmId> denied;
  std::vector<std::string> notes;
};
absl::StatusOr<NamedArms> ResolveArms(const PoolRuntime& pool, const learners::LearnedState& state,
                                      const Constraints& constraints);

// Whether an arm can take a request. What it is made from outlives it.
class ArmCheck {
 public:
  ArmCheck(const learners::LearnedState& state, const RouteInput& input,
           const QueryContext& context, const learners::QueryView& query, NamedArms named);

  // Empty if a living arm passes, its expected cost and latency included; else why it does not.
  std::string WhyNot(const Arm& arm) const;
  // The input tokens that an arm learned to get are looked at by the estimate that is made anyway: whether
  // one that passed has no room for them, so that candidates have to be gathered again, with this told.
  bool IsOutgrown(const Arm& arm, const ArmExpectation& expected) const;
  void LookAtLearnedTokens() { looks_at_learned_tokens_ = true; }

  const std::vector<ArmId>& allowed() const { return named_.allowed; }
  const std::vector<std::string>& notes() const { return named_.notes; }

 private:
  std::string WhyNoRoom(const Arm& arm, double learned_tokens) const;

  const learners::LearnedState& state_;
  const Constraints& constraints_;
  const learners::QueryView& query_;
  const NamedArms named_;
  std::vector<std::string> tags_;  // required, in NFC
  double tokens_ = 0;              // of input, which must fit
  bool is_counted_ = false;        // they are the caller's own
  int64_t max_output_tokens_ = 0;
  bool has_limits_ = false;
  bool looks_at_learned_tokens_ = false;
};

// Why an expectation is over a limit of the request, or not known to be under it; empty: it is neither.
std::string WhyOverLimit(const Constraints& constraints, const ArmExpectation& expected);

// At least one arm, ascending by id. `seed` drives the random members of a shortlist.
absl::StatusOr<std::vector<ArmId>> GatherCandidates(
    const PoolRuntime& pool, const learners::LearnedState& state, const QueryContext& context,
    const ArmCheck& check, std::span<const Neighbour> neighbours, uint64_t seed);

// Every living arm that is none of `candidates` (ascending), and why: first those that do not pass, then
// those that were not in the shortlist. At most 1000, the last of which may stand for more, without a name.
// Cost: O(arms of the pool).
std::vector<RejectedArm> NotCandidates(const learners::LearnedState& state, const ArmCheck& check,
                                       std::span<const ArmId> candidates);

}  // namespace pointsman::engine
