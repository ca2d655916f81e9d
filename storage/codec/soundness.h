// What a record must satisfy to be stored: finite numbers, known enums, ids that are set. Checked before a
// write, so that a caller's mistake does not become an unreadable log, and after a read, because bytes
// from a disk are input.
// Errors: kInvalidArgument naming the field.
// Cost: one pass over the numbers, no allocation if the record is sound.
// Threads: pure functions.
#pragma once

#include "absl/status/status.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman::storage {

absl::Status CheckSound(const Pool& pool);
absl::Status CheckSound(const Event& event);
absl::Status CheckSound(const FeedbackRecord& record);
absl::Status CheckSound(const Experience& experience);
absl::Status CheckSound(const Decision& decision);

}  // namespace pointsman::storage
