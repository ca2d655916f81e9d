// Checks what callers send before anything else uses it.
// Errors: kInvalidArgument with reason BAD_FIELD (or LIMIT) and the field's name.
// Threads: pure functions.
#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "domain/limits.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

absl::Status BadField(std::string_view field, std::string_view what);

// A pool, arm, tag or feature name: 1 to name_bytes_max bytes of UTF-8 without spaces at its ends and
// without control characters (HoldsControls in base/strings.h).
absl::Status ValidateName(std::string_view field, std::string_view name, const Limits& limits);
absl::Status ValidateArm(const Arm& arm, const Limits& limits);
// New names may contain no invisible characters (names.h); existing names stay valid. `present`: null if
// there is none.
absl::Status ValidateNewName(std::string_view field, std::string_view name);
absl::Status ValidateNewNames(const Arm* present, const Arm& wanted);
absl::Status ValidateNewNames(const PoolSettings* present, const PoolSettings& wanted);
// The weight of what an arm inherits.
absl::Status ValidateInheritance(double strength);
absl::Status ValidateEmbedder(const EmbedderSettings& settings, const Limits& limits);
// Checks ranges of numbers, and that names are known. What only a built embedder or learner can check is
// checked there.
absl::Status ValidateSettings(const PoolSettings& settings, const Limits& limits);
// Rejects changes that would invalidate the learned state. The error names the field and the alternative.
absl::Status ValidateChange(const PoolSettings& present, const PoolSettings& wanted);

// Checks everything in a request that does not depend on its pool.
absl::Status ValidateRoute(const RouteInput& input, const Limits& limits);
absl::Status ValidateOutcome(const Outcome& outcome);
// One check of outcomes. Several reports that are each valid may fail it when they are combined.
absl::Status ValidateCachedTokens(const Outcome& outcome);
absl::Status ValidateFeedback(const FeedbackInput& input, const Limits& limits);
// The query of an import as a request.
RouteInput AsRoute(const ImportedQuery& query);
// Checks what an import announces, and one chunk of it, without its pool.
absl::Status ValidateImport(const ImportPlan& plan, std::span<const ImportedQuery> chunk,
                            const Limits& limits);

}  // namespace pointsman::engine
