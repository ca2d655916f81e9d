#include "storage/api/batch_check.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/soundness.h"

namespace pointsman::storage {

absl::StatusOr<std::map<PoolId, PoolTail>> CheckBatch(const LogBatch& batch,
                                                      const std::map<PoolId, PoolTail>& tails) {
  std::map<PoolId, PoolTail> after;
  for (const Event& event : batch.events) {
    RETURN_IF_ERROR(CheckSound(event));
    auto [tail, is_new] = after.try_emplace(event.pool);
    if (const auto before = tails.find(event.pool); is_new && before != tails.end()) {
      tail->second = before->second;
    }
    if (event.sequence != tail->second.sequence + 1) {
      return InvalidArgument("commit to pool ", Index(event.pool), ": event ", event.sequence,
                             " does not follow event ", tail->second.sequence,
                             ", the last of its log");
    }
    if (tail->second.sequence > 0 && event.time < tail->second.time) {
      return InvalidArgument("commit to pool ", Index(event.pool), ": event ", event.sequence,
                             " is dated ", event.time, " us, before the ", tail->second.time,
                             " us of the previous event");
    }
    tail->second = {event.sequence, event.time};
  }
  for (const Pool& pool : batch.pools) RETURN_IF_ERROR(CheckSound(pool));
  for (const auto& [key, record] : batch.feedback) RETURN_IF_ERROR(CheckSound(record));
  for (const auto& [pool, experience] : batch.experience) RETURN_IF_ERROR(CheckSound(experience));
  return after;
}

absl::Status HasPoolsOfItsOwn() {
  return FailedPrecondition(
      "this data folder has pools that do not come from the shared log; start this replica with an "
      "empty folder, "
      "or with a copy of the folder that the shared log began with");
}

}  // namespace pointsman::storage
