// What an event must be like to be learned. The engine makes no others, so an event that fails means that the
// log is damaged or written by a newer version.
// Threads: pure.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "domain/arm.h"
#include "domain/event.h"

namespace pointsman::learners {

absl::Status CheckOutcomeEvent(const OutcomeEvent& event, uint32_t dimension);
absl::Status CheckArm(const Arm& arm);

}  // namespace pointsman::learners
