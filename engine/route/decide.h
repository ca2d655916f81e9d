// One decision: from a validated request and the pool's published state to a record that says
// everything about the choice. Reads only; recording it is the caller's business.
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

// What a decision takes from outside its request and its pool.
struct DecideInputs {
  std::string decision_id;
  SipKey secret;
  Micros now = 0;
};

// Past outcomes near the query, as the pool's index finds them now; without those of arms that have started
// fresh since.
std::vector<Neighbour> FindNeighbours(const PoolRuntime& pool, const learners::LearnedState& state,
                                      const QueryContext& context);
// The arms with what is known of each for this query: neighbour evidence, description similarity.
std::vector<learners::ArmView> ViewArms(const PoolRuntime& pool,
                                        const learners::LearnedState& state,
                                        const QueryContext& context, std::span<const ArmId> arms,
                                        std::span<const Neighbour> neighbours);

// A decision, and what its record does not keep: for the answer alone.
struct Decided {
  Decision decision;
  std::vector<std::string> notes;
  std::vector<RejectedArm> not_candidates;  // if the request asked to explain
};

// `state` is a published one of this pool.
absl::StatusOr<Decided> Decide(const PoolRuntime& pool, const learners::LearnedState& state,
                               const RouteInput& input, const DecideInputs& inputs);

// What the answer to a request says of parts that are not taken as they came: names that nothing has, a
// query that is embedded in part.
std::vector<std::string> NotesOn(const PoolRuntime& pool, const learners::LearnedState& state,
                                 const RouteInput& input);

// Of what the caller asked, apart from decision id and `explain`.
uint64_t RequestHash(const RouteInput& input);

// The answer that a record stands for: arms by name, best utility first.
RouteOutput Answer(const learners::LearnedState& state, const Decision& decision, bool explain,
                   bool logged);

}  // namespace pointsman::engine
