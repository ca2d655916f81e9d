// The stored values. Each is sealed (storage/codec/sealed.h), and checked when it is read
// (storage/codec/soundness.h). Encode takes sound records and never fails.
// Errors: every Decode returns kDataLoss for bytes that no Encode wrote.
// Cost: linear in the record; a decision of 8 arms takes about a microsecond.
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman::storage {

std::string EncodePool(const Pool& pool);
absl::StatusOr<Pool> DecodePool(std::string_view value);

std::string EncodeEvent(const Event& event);
absl::StatusOr<Event> DecodeEvent(std::string_view value);

std::string EncodeExperience(const Experience& experience);
absl::StatusOr<Experience> DecodeExperience(std::string_view value);

// `changed_at`: the time of the record's last change, in its pool's event time. The record expires by it.
std::string EncodeFeedback(const FeedbackRecord& record, Micros changed_at);
absl::StatusOr<FeedbackRecord> DecodeFeedback(std::string_view value);
// The stamp alone, without a check of the seal: cheap enough for every record of a compaction. Nullopt for
// bytes too short to hold one.
std::optional<Micros> PeekFeedbackChangedAt(std::string_view value);

std::string EncodeProgress(const PoolProgress& progress);
absl::StatusOr<PoolProgress> DecodeProgress(std::string_view value);

// The value of a WaitingDecision, whose position is its key.
std::string EncodeWaiting(std::span<const ArmId> arms);
absl::StatusOr<std::vector<ArmId>> DecodeWaiting(std::string_view value);

// The payload of a decision. It is written behind SealOf(RecordKind::kDecision, payload).
std::string EncodeDecisionPayload(const Decision& decision);
absl::StatusOr<Decision> DecodeDecision(std::string_view value);

}  // namespace pointsman::storage
