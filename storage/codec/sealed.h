// The envelope of every stored value: checksum of the payload (8 bytes, little-endian), kind (1 byte),
// payload. So a truncation, a flipped bit or a value of another kind reads as kDataLoss.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pointsman::storage {

// The numbers are stored: they are part of the format.
enum class RecordKind : uint8_t {
  kMeta = 1,
  kPool = 2,
  kEvent = 3,
  kFeedback = 4,
  kExperience = 5,
  kSnapshot = 6,
  kDecision = 7,
  kProgress = 8,
  kWaiting = 9,
};

// The name in messages, such as "event".
const char* RecordKindName(RecordKind kind);

constexpr std::size_t kSealBytes = 9;

std::string Seal(RecordKind kind, std::string_view payload);
// The seal of a payload too large to copy: its first kSealBytes bytes; the payload follows.
std::string SealOf(RecordKind kind, std::string_view payload);
// The payload, a part of `value`. Errors: kDataLoss naming the kind.
absl::StatusOr<std::string_view> Unseal(RecordKind kind, std::string_view value);

}  // namespace pointsman::storage
