// Makes a recorded decision again from its record and the learned state of its version: the draw, the
// estimates, the distribution and the arms. Inputs from outside (context, candidates, what the indexes found)
// are taken from the record. Everything else is computed, and must be the same as before.
// Errors: kInvalidArgument for a record that does not belong to this state (another version, unknown arms).
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
