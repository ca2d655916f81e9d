// A recorded decision, made again from its record and the learned state of its version: the draw, the
// estimates, the distribution, the arms. What the record holds of the outside (context, candidates,
// what the indexes found) is taken from it; everything else is computed, and must come out the same.
// Errors: kInvalidArgument for a record that is not of this state (another version, unknown arms).
// Cost: that of a decision without its embedding and its searches.
// Threads: pure function.
#pragma once

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {

absl::StatusOr<Decision> Recompute(const learners::LearnedState& state, const Decision& recorded,
                                   SipKey secret);

}  // namespace pointsman::engine
