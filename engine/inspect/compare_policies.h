// What other policies would have earned, and what the control group earned, from the decisions that are kept.
// Left out: greedy decisions, those that another arm served than the one drawn, and for "always this arm" those in
// which it was no candidate. The groups are compared over the newest decisions under one share and one baseline:
// otherwise what changed with time would count as their difference.
// Errors: kInvalidArgument for a question that is not valid, ARM_UNKNOWN; those of reading the storage.
// Cost: reads the disk, about 20 us a decision, and then 1 us a decision and policy.
// Threads: any.
#pragma once

#include "absl/status/statusor.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/insight.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

inline constexpr uint32_t kComparedDecisionsMax = 20000;
inline constexpr uint32_t kComparedDecisions = 5000;  // unless asked for others
inline constexpr std::size_t kComparedPoliciesMax = 16;
inline constexpr std::size_t kComparedCandidatesMax =
    1'000'000;  // of all decisions together: 40 MB

absl::StatusOr<PolicyComparison> ComparePolicies(const PoolRuntime& pool,
                                                 const storage::Storage& storage,
                                                 const PolicyQuestion& question);

}  // namespace pointsman::engine
