// One decision: from a validated request and the pool's published state to a record that says
// everything about the choice. Reads only; recording it is the caller's business.
// Errors: kInvalidArgument for input the pool cannot take; kFailedPrecondition when no arm passes.
// Threads: any, concurrently.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "learners/learned_state.h"
#include "service/engine/pool_runtime.h"
#include "service/engine/requests.h"

namespace pointsman {

// What a decision takes from outside its request and its pool.
struct DecideInputs {
  std::string decision_id;
  SipKey secret;
  Micros now = 0;
};

// Past outcomes near the query, as the pool's index finds them now.
std::vector<Neighbour> FindNeighbours(const PoolRuntime& pool, const LearnedState& state,
                                      const QueryContext& context);
// The arms with what is known of each for this query: neighbour evidence, description similarity.
std::vector<ArmView> ViewArms(const PoolRuntime& pool, const LearnedState& state,
                              const QueryContext& context, std::span<const ArmId> arms,
                              std::span<const Neighbour> neighbours);

// `state` is a published one of this pool.
absl::StatusOr<Decision> Decide(const PoolRuntime& pool, const LearnedState& state,
                                const RouteInput& input, const DecideInputs& inputs);

// Of what the caller asked, apart from decision id and `explain`.
uint64_t RequestHash(const RouteInput& input);

// The answer that a record stands for: arms by name, best utility first.
RouteOutput Answer(const LearnedState& state, const Decision& decision, bool explain, bool logged);

}  // namespace pointsman
