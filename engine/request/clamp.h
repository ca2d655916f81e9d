// Numbers that arithmetic has put next to a bound, put on it: a mean of ones may come as 1.0000000000000002,
// and a difference of equals as -1e-17. What is further off is the sender's error, and for validate.h.
// Threads: pure functions.
#pragma once

#include "domain/arm.h"
#include "engine/request/requests.h"

namespace pointsman {

inline constexpr double kClampWithin = 1e-9;

void Clamp(Outcome& outcome);
void Clamp(Preference& preference);
void Clamp(FeedbackInput& input);
void Clamp(RouteInput& input);
void Clamp(Arm& arm);
void Clamp(PoolSettings& settings);
void Clamp(ImportedQuery& query);

}  // namespace pointsman
