// One decision: from a validated request and the pool's published state to a record that contains everything
// about the choice. It only reads; the caller records the decision.
// Errors: kInvalidArgument for input the pool cannot take; kFailedPrecondition when no arm passes.
// Threads: any, concurrently.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/requests.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {

// What a decision needs besides its request and its pool.
struct DecideInputs {
  std::string decision_id;
  SipKey secret;
  Micros now = 0;
};

// Past outcomes near the query, as the pool's index finds them now. Those of arms that have started fresh since
// are left out.
std::vector<Neighbour> FindNeighbours(const PoolRuntime& pool, const learners::LearnedState& state,
                                      const QueryContext& context);
// The arms, with what is known about each for this query: neighbour evidence and description similarity.
std::vector<learners::ArmView> ViewArms(const PoolRuntime& pool,
                                        const learners::LearnedState& state,
                                        const QueryContext& context, std::span<const ArmId> arms,
                                        std::span<const Neighbour> neighbours);

// A decision, and what only the answer needs but the record does not keep.
struct Decided {
  Decision decision;
  std::vector<std::string> notes;
  std::vector<RejectedArm> not_candidates;  // only if the request asks for an explanation
};

// `state` is a published state of this pool.
absl::StatusOr<Decided> Decide(const PoolRuntime& pool, const learners::LearnedState& state,
                               const RouteInput& input, const DecideInputs& inputs);

// Notes for the answer about parts of a request that were not used as sent: unknown names, and a query that is
// embedded only in part.
std::vector<std::string> NotesOn(const PoolRuntime& pool, const learners::LearnedState& state,
                                 const RouteInput& input);

// A hash of what the caller asked, except the decision id and `explain`.
uint64_t RequestHash(const RouteInput& input);

// The answer that a record stands for, with arms by name, best utility first.
RouteOutput Answer(const learners::LearnedState& state, const Decision& decision, bool explain,
                   bool logged);

}  // namespace pointsman::engine
