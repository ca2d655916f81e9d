// The edge: what callers send, checked before anything else sees it.
// Errors: kInvalidArgument with reason BAD_FIELD (or LIMIT) and the field's name.
// Threads: pure functions.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "domain/limits.h"
#include "engine/request/requests.h"

namespace pointsman {

absl::Status BadField(std::string_view field, std::string_view what);

// A pool, arm, tag or feature name: 1 to name_bytes_max bytes of UTF-8 without spaces at its ends and
// without control characters (HoldsControls in base/strings.h).
absl::Status ValidateName(std::string_view field, std::string_view name, const Limits& limits);
absl::Status ValidateArm(const Arm& arm, const Limits& limits);
// Names that come to be may hold nothing that nobody sees (names.h); those that are there already stay.
// `present`: null if there is none.
absl::Status ValidateNewName(std::string_view field, std::string_view name);
absl::Status ValidateNewNames(const Arm* present, const Arm& wanted);
absl::Status ValidateNewNames(const PoolSettings* present, const PoolSettings& wanted);
// How much an arm believes of what it inherits.
absl::Status ValidateInheritance(double strength);
absl::Status ValidateEmbedder(const EmbedderSettings& settings, const Limits& limits);
// Numbers in range, names known; what only a built embedder or learner can tell is checked there.
absl::Status ValidateSettings(const PoolSettings& settings, const Limits& limits);
// What may not change under learned state: the answer names the field and the way out.
absl::Status ValidateChange(const PoolSettings& present, const PoolSettings& wanted);

// Everything about a request that does not need its pool.
absl::Status ValidateRoute(const RouteInput& input, const Limits& limits);
absl::Status ValidateOutcome(const Outcome& outcome);
absl::Status ValidateFeedback(const FeedbackInput& input, const Limits& limits);
// The query of an import as a request.
RouteInput AsRoute(const ImportedQuery& query);
// What an import announces, and one chunk of it; no pool is looked at.
absl::Status ValidateImport(const ImportPlan& plan, std::span<const ImportedQuery> chunk,
                            const Limits& limits);

}  // namespace pointsman
