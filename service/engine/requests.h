// What is asked of the engine and what it answers, as plain values: the same whether it comes by
// gRPC or in process. Field meanings are those of proto/pointsman/v1.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/arm.h"
#include "base/types.h"
#include "learners/policy.h"

namespace pointsman {

struct Constraints {
  std::optional<double> max_cost_usd;
  std::optional<double> max_latency_ms;
  std::vector<std::string> require_tags;
  std::vector<std::string> allow_arms;
  std::vector<std::string> deny_arms;
  int64_t context_tokens = 0;
  friend bool operator==(const Constraints&, const Constraints&) = default;
};

struct RouteInput {
  std::string pool;
  std::string query;
  std::vector<float> embedding;
  std::vector<std::pair<std::string, double>> features;
  std::optional<Preference> preference;
  Constraints constraints;
  uint32_t arm_count = 1;
  Purpose purpose = Purpose::kFallback;
  std::string decision_id;
  Mode mode = Mode::kExplore;
  bool explain = false;
};

struct RankedArm {
  std::string arm;
  double probability = 0;
  double utility = 0;
  ArmExpectation expected;
  std::string reason;
};

struct FurtherArm {
  std::string arm;
  double propensity = 0;
};

struct RouteOutput {
  std::string decision_id;
  std::string arm;
  double propensity = 0;
  std::vector<RankedArm> ranking;
  std::vector<FurtherArm> further;
  Sequence snapshot_version = 0;
  bool logged = false;
  bool embedder_fallback = false;
};

struct FeedbackInput {
  std::string pool;
  std::string decision_id;
  std::string feedback_id;
  std::string served_arm;
  Outcome outcome;
  Micros at = 0;
};

enum class FeedbackResult : uint8_t {
  kApplied = 1,
  kMerged = 2,
  kCorrected = 3,
  kAlreadyApplied = 4,
  kLate = 5,
};

struct FeedbackOutput {
  FeedbackResult result = FeedbackResult::kApplied;
  Sequence sequence = 0;
};

// Machine codes beside the canonical one; they travel in google.rpc.ErrorInfo.reason.
namespace reason {
inline constexpr std::string_view kBadField = "BAD_FIELD";
inline constexpr std::string_view kPoolUnknown = "POOL_UNKNOWN";
inline constexpr std::string_view kPoolExists = "POOL_EXISTS";
inline constexpr std::string_view kArmUnknown = "ARM_UNKNOWN";
inline constexpr std::string_view kDecisionUnknown = "DECISION_UNKNOWN";
inline constexpr std::string_view kDecisionExpired = "DECISION_EXPIRED";
inline constexpr std::string_view kDecisionIdReused = "DECISION_ID_REUSED";
inline constexpr std::string_view kFeedbackIdReused = "FEEDBACK_ID_REUSED";
inline constexpr std::string_view kServedArmFixed = "SERVED_ARM_FIXED";
inline constexpr std::string_view kPoolEmpty = "POOL_EMPTY";
inline constexpr std::string_view kNoArmPasses = "NO_ARM_PASSES";
inline constexpr std::string_view kSettingFixed = "SETTING_FIXED";
inline constexpr std::string_view kEmbedderUnusable = "EMBEDDER_UNUSABLE";
inline constexpr std::string_view kLimit = "LIMIT";
inline constexpr std::string_view kQueueFull = "QUEUE_FULL";
inline constexpr std::string_view kStorageBroken = "STORAGE_BROKEN";
inline constexpr std::string_view kStopping = "STOPPING";
}  // namespace reason

// A status with its machine code and, for a bad field, the field's name.
absl::Status WithReason(absl::Status status, std::string_view reason, std::string_view field = "");
std::string ReasonOf(const absl::Status& status);  // empty if none
std::string FieldOf(const absl::Status& status);   // empty if none

}  // namespace pointsman
