#include "storage/codec/sealed.h"

#include <cstring>

#include "base/siphash.h"
#include "base/strings.h"

namespace pointsman::storage {

const char* RecordKindName(RecordKind kind) {
  switch (kind) {
    case RecordKind::kMeta:
      return "folder record";
    case RecordKind::kPool:
      return "pool";
    case RecordKind::kEvent:
      return "event";
    case RecordKind::kFeedback:
      return "feedback record";
    case RecordKind::kExperience:
      return "experience";
    case RecordKind::kSnapshot:
      return "snapshot";
    case RecordKind::kDecision:
      return "decision";
    case RecordKind::kProgress:
      return "record of progress";
    case RecordKind::kWaiting:
      return "waiting decision";
  }
  return "unknown record";
}

std::string SealOf(RecordKind kind, std::string_view payload) {
  const uint64_t checksum = Checksum(payload);
  std::string seal(kSealBytes, '\0');
  std::memcpy(seal.data(), &checksum, sizeof(checksum));
  seal[sizeof(checksum)] = static_cast<char>(kind);
  return seal;
}

std::string Seal(RecordKind kind, std::string_view payload) {
  std::string value = SealOf(kind, payload);
  value += payload;
  return value;
}

absl::StatusOr<std::string_view> Unseal(RecordKind kind, std::string_view value) {
  if (value.size() < kSealBytes) {
    return DataLoss("a stored ", RecordKindName(kind), " is cut short: ", value.size(), " bytes");
  }
  uint64_t checksum = 0;
  std::memcpy(&checksum, value.data(), sizeof(checksum));
  if (value[sizeof(checksum)] != static_cast<char>(kind)) {
    return DataLoss("a stored ", RecordKindName(kind), " is marked as another kind of record");
  }
  const std::string_view payload = value.substr(kSealBytes);
  if (Checksum(payload) != checksum) {
    return DataLoss("a stored ", RecordKindName(kind), " does not match its checksum (",
                    value.size(), " bytes)");
  }
  return payload;
}

}  // namespace pointsman::storage
