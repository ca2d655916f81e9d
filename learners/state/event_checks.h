// What an event has to be to be learned. The engine makes no others: one that fails is a log that is damaged
// or of a newer version.
// Threads: pure.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "domain/arm.h"
#include "domain/event.h"

namespace pointsman {

absl::Status CheckOutcomeEvent(const OutcomeEvent& event, uint32_t dimension);
absl::Status CheckArm(const Arm& arm);

}  // namespace pointsman
