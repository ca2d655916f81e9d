// Searches the decisions that are kept, the newest first, and tries other preferences on the last of them.
// Errors: kInvalidArgument for a query that is not valid; those of reading the storage.
// Cost: reads the disk, about 20 us a decision.
// Threads: any.
#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/insight.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// A page looks at no more than this, so that a rare match cannot hold a thread for long.
inline constexpr std::size_t kSearchedMax = 5000;
inline constexpr uint32_t kDecisionPageMax = 200;
inline constexpr uint32_t kTriedDecisionsMax = 1000;
inline constexpr std::size_t kTriedPreferencesMax = 64;

absl::StatusOr<DecisionPage> SearchDecisions(const PoolRuntime& pool,
                                             const storage::Storage& storage,
                                             const DecisionQuery& query, Micros now);

// What the last `count` decisions (0: the most) would have been if each had taken the arm that is best by utility
// under these preferences, with the estimates of their records.
absl::StatusOr<TriedPreferences> TryPreferences(const PoolRuntime& pool,
                                                const storage::DecisionStore& decisions,
                                                std::span<const Preference> preferences,
                                                uint32_t count);

}  // namespace pointsman::engine
