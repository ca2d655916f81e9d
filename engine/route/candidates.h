// Which arms a request may get. In a small pool: all active arms that can take the request. In a pool larger
// than its shortlist: a shortlist of the arms nearest by description, those that the learned state favours,
// those that served near past queries, and a few at random (so that every arm can be found).
// Errors: kFailedPrecondition with the reason per arm if no arm is left; kInvalidArgument for an unknown arm in
//   a constraint, if names are strict or allow_arms has no known arm.
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

// The arms that a request's constraints name, sorted, and a note on each list that has unknown names.
struct NamedArms {
  std::vector<ArmId> allowed;  // empty: no such constraint
  std::vector<ArmId> denied;
  std::vector<std::string> notes;
};
absl::StatusOr<NamedArms> ResolveArms(const PoolRuntime& pool, const learners::LearnedState& state,
                                      const Constraints& constraints);

// Whether an arm can take a request. The constructor's references must outlive the check.
class ArmCheck {
 public:
  ArmCheck(const learners::LearnedState& state, const RouteInput& input,
           const QueryContext& context, const learners::QueryView& query, NamedArms named);

  // Empty if a living arm passes, including its expected cost and latency; otherwise the reason.
  std::string WhyNot(const Arm& arm) const;
  // An arm may have learned that calls get more input tokens than the request suggests. The candidates'
  // estimate shows this, after the check. True: the arm passed, but has no room for those tokens. Then call
  // LookAtLearnedTokens and gather the candidates again.
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
  double tokens_ = 0;              // input tokens that must fit
  bool is_counted_ = false;        // `tokens_` is the caller's own count
  int64_t max_output_tokens_ = 0;
  bool has_limits_ = false;
  bool looks_at_learned_tokens_ = false;
};

// Why an expectation is over a limit of the request, or is not known to be under it. Empty: neither.
std::string WhyOverLimit(const Constraints& constraints, const ArmExpectation& expected);

// At least one arm, in ascending order of id. `seed` chooses the random members of a shortlist.
absl::StatusOr<std::vector<ArmId>> GatherCandidates(
    const PoolRuntime& pool, const learners::LearnedState& state, const QueryContext& context,
    const ArmCheck& check, std::span<const Neighbour> neighbours, uint64_t seed);

// Every living arm that is not in `candidates` (ascending), with the reason: first the arms that do not pass,
// then those that were not in the shortlist. At most 1000 entries; the last two may stand for more arms of
// their kind, without a name.
// Cost: O(arms of the pool).
std::vector<RejectedArm> NotCandidates(const learners::LearnedState& state, const ArmCheck& check,
                                       std::span<const ArmId> candidates);

}  // namespace pointsman::engine
