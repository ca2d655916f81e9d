// Errors as the API contract defines them: a canonical code, a machine code, and for a bad field its name.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/time.h"

namespace pointsman {

// Machine codes beside the canonical one; they travel in google.rpc.ErrorInfo.reason.
namespace reason {
inline constexpr std::string_view kBadField = "BAD_FIELD";
inline constexpr std::string_view kPoolUnknown = "POOL_UNKNOWN";
inline constexpr std::string_view kPoolExists = "POOL_EXISTS";
inline constexpr std::string_view kArmUnknown = "ARM_UNKNOWN";
inline constexpr std::string_view kArmExists = "ARM_EXISTS";
inline constexpr std::string_view kImportUnknown = "IMPORT_UNKNOWN";
inline constexpr std::string_view kImportNotUndone = "IMPORT_NOT_UNDONE";
inline constexpr std::string_view kDecisionUnknown = "DECISION_UNKNOWN";
inline constexpr std::string_view kDecisionExpired = "DECISION_EXPIRED";
inline constexpr std::string_view kDecisionIdReused = "DECISION_ID_REUSED";
inline constexpr std::string_view kFeedbackIdReused = "FEEDBACK_ID_REUSED";
inline constexpr std::string_view kImportIdReused = "IMPORT_ID_REUSED";
inline constexpr std::string_view kServedArmFixed = "SERVED_ARM_FIXED";
inline constexpr std::string_view kPoolEmpty = "POOL_EMPTY";
inline constexpr std::string_view kNoArmPasses = "NO_ARM_PASSES";
inline constexpr std::string_view kSettingFixed = "SETTING_FIXED";
inline constexpr std::string_view kEmbedderUnusable = "EMBEDDER_UNUSABLE";
inline constexpr std::string_view kEmbedderUnavailable = "EMBEDDER_UNAVAILABLE";
inline constexpr std::string_view kLimit = "LIMIT";
inline constexpr std::string_view kQueueFull = "QUEUE_FULL";
inline constexpr std::string_view kStorageBroken = "STORAGE_BROKEN";
inline constexpr std::string_view kStopping = "STOPPING";
inline constexpr std::string_view kNotConfirmed = "NOT_CONFIRMED";
inline constexpr std::string_view kDecisionNotHere = "DECISION_NOT_HERE";
inline constexpr std::string_view kToken = "TOKEN";          // missing, unknown or expired
inline constexpr std::string_view kForbidden = "FORBIDDEN";  // outside the token's scopes or pools
inline constexpr std::string_view kClientRate = "CLIENT_RATE";
inline constexpr std::string_view kTooManyCalls = "TOO_MANY_CALLS";
}  // namespace reason

// When to retry after STORAGE_BROKEN: the server tries the disk again by itself.
inline constexpr Micros kStorageRetryAfter = 5 * kMicrosPerSecond;

// The same status, with `where` in front of its message. Its machine code stays.
absl::Status Located(const absl::Status& status, std::string_view where);

// A status with its machine code and, for a bad field, the field's name.
absl::Status WithReason(absl::Status status, std::string_view reason, std::string_view field = "");
std::string ReasonOf(const absl::Status& status);  // empty if none
std::string FieldOf(const absl::Status& status);   // empty if none

}  // namespace pointsman
