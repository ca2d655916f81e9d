// Moves numbers that rounding has put just outside a bound back onto it: a mean of ones may arrive as
// 1.0000000000000002, and a difference of equals as -1e-17. Numbers that are further off are the sender's
// error, and validate.h reports them.
// Threads: pure functions.
#pragma once

#include "domain/arm.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

inline constexpr double kClampWithin = 1e-9;

void Clamp(Outcome& outcome);
void Clamp(Preference& preference);
void Clamp(FeedbackInput& input);
void Clamp(RouteInput& input);
void Clamp(Arm& arm);
void Clamp(PoolSettings& settings);
void Clamp(ImportedQuery& query);

}  // namespace pointsman::engine
