// Records with every field filled, different for each seed.
// Threads: pure functions.
#pragma once

#include <string>

#include "base/rng.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman::storage {

std::string SampleBytes(Rng& rng, std::size_t size_max);
Arm SampleArm(Rng& rng);
Pool SamplePool(Rng& rng, PoolId id);
OutcomeEvent SampleOutcomeEvent(Rng& rng);
// The kind cycles with the sequence: outcome, arm, pool. Time is the sequence in seconds.
Event SampleEvent(Rng& rng, PoolId pool, Sequence sequence);
FeedbackRecord SampleFeedback(Rng& rng);
Experience SampleExperience(Rng& rng, Sequence sequence);
Decision SampleDecision(Rng& rng, PoolId pool, std::string id, int arms = 8, int dimension = 64);

}  // namespace pointsman::storage
