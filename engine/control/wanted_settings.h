// The settings that an operator wants, next to those that a pool has: what keeps its present value or spelling, and what
// may be a mistake.
// Threads: pure functions; those with a turn on the log writer alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "domain/arm.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_runtime.h"

namespace pointsman::engine {

// In the settings of an existing pool, a value that means "the default" means the one that the pool was made with.
void KeepUnspecified(const EmbedderSettings& present, EmbedderSettings& wanted);
// An existing feature keeps the spelling of its name. `present` may be null.
void NormaliseFeatures(const PoolSettings* present, PoolSettings& wanted);
// The control group's baseline is spelled as the arm that it names: older arms may have names that are not normalised.
void KeepSpelling(const PoolRuntime& pool, PoolSettings& wanted);
// Notes a baseline that is no living arm, after what the turn has put.
void AddBaselineNote(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                     const PoolSettings& wanted, std::vector<std::string>& notes);

}  // namespace pointsman::engine
