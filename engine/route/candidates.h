// Which arms a request may get. First the constraints: only active arms that can take the request. If no more of
// them than `shortlist_size` are left, all are candidates. Otherwise a shortlist is:
// - by right (inclusion 1): the `shortlist_size` arms nearest by description, the pool's standing arms
//   (engine/pool/standing_arms.h), those that served near past queries, and the control group's baseline;
// - at random: m = 4 of the remaining n arms, drawn without replacement (inclusion m / n), so that every arm can
//   be found. With no arm by right, m is `shortlist_size`.
// Arms whose similarity equals that of the first arm that has no place are not taken by right, so that ids do not
// decide between identical descriptions.
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

  // Whether all of these arms pass, so that none has to be looked at.
  bool PassesAll(const ActiveArms& active) const;
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

// The candidates in ascending order of id, and for each the exact probability that it became one.
struct Gathered {
  std::vector<ArmId> arms;
  std::vector<double> inclusion;
};

// At least one arm. `seed` chooses the random members of a shortlist.
// Cost: O(arms of the pool) if constraints, a rate limit or a small context window may exclude some; otherwise
//   that of the search among the descriptions.
absl::StatusOr<Gathered> GatherCandidates(const PoolRuntime& pool,
                                          const learners::LearnedState& state,
                                          const QueryContext& context, const ArmCheck& check,
                                          std::span<const Neighbour> neighbours, uint64_t seed);

// Every living arm that is not in `candidates` (ascending), with the reason: first the arms that do not pass,
// then those that were not in the shortlist. At most 1000 entries; the last two may stand for more arms of
// their kind, without a name.
// Cost: O(arms of the pool).
std::vector<RejectedArm> NotCandidates(const learners::LearnedState& state, const ArmCheck& check,
                                       std::span<const ArmId> candidates);

}  // namespace pointsman::engine
