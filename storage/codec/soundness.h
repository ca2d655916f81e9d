// What a record must be to be stored: numbers finite, enums known, ids given. Checked on both sides
// of the medium: before a write (a caller's mistake must not become an unreadable log) and after a
// read (bytes from a disk are input).
// Errors: kInvalidArgument naming the field. Cost: one pass over the numbers, no allocation if
// sound. Threads: pure functions.
#pragma once

#include "absl/status/status.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "domain/types.h"
#include "storage/api/storage.h"

namespace pointsman {

absl::Status CheckSound(const Pool& pool);
absl::Status CheckSound(const Event& event);
absl::Status CheckSound(const FeedbackRecord& record);
absl::Status CheckSound(const Experience& experience);
absl::Status CheckSound(const Decision& decision);

}  // namespace pointsman
