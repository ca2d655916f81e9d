// The name of an arm in a learned state; empty: it has no such arm.
// Threads: pure function.
#pragma once

#include <string>

#include "learners/state/learned_state.h"

namespace pointsman::engine {

inline std::string NameOf(const learners::LearnedState& state, ArmId id) {
  const Arm* arm = state.arm(id);
  return arm == nullptr ? std::string() : arm->name;
}

}  // namespace pointsman::engine
