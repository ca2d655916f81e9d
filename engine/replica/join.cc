#include "engine/replica/join.h"

#include <algorithm>
#include <chrono>

#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::engine {
namespace {

constexpr std::chrono::milliseconds kWait{500};
constexpr int kTries = 20;

absl::Status DoNotBelongTogether(std::string_view why) {
  return FailedPrecondition("this data folder and the shared log do not belong together: ", why,
                            ". If the log was lost or is another one, start this replica with an "
                            "empty folder, or begin a new log from this "
                            "folder (docs/guide/replicas.md)");
}

// The first message, which is appended if there is none.
absl::StatusOr<storage::SharedMessage> FirstMessage(const ReplicaOptions& options,
                                                    const storage::EventLog& log,
                                                    const Clock& clock) {
  const std::string epoch =
      Encode(EpochMessage{options.name, static_cast<uint64_t>(clock.Now()), log.secret()});
  for (int i = 0; i < kTries; ++i) {
    ASSIGN_OR_RETURN(const storage::SharedRange range, options.log->Range());
    if (range.last == 0) options.log->Append(epoch, [](const absl::StatusOr<uint64_t>&) {});
    ASSIGN_OR_RETURN(const auto messages, options.log->Read(0, 1, kWait));
    if (!messages.empty()) return messages.front();
  }
  return absl::UnavailableError("the shared log does not take a first message");
}

absl::StatusOr<storage::AppliedMark> JoinFresh(const ReplicaOptions& options,
                                               storage::EventLog& log, const Clock& clock) {
  const auto first = FirstMessage(options, log, clock);
  if (absl::IsOutOfRange(first.status())) {
    return DoNotBelongTogether(
        "the beginning of the log is no longer there, and this folder has none of it; copy the "
        "folder of another "
        "replica (`pointsman backup create` and `backup restore`)");
  }
  RETURN_IF_ERROR(first.status());
  ASSIGN_OR_RETURN(const EpochMessage epoch, DecodeEpoch(first->bytes));
  RETURN_IF_ERROR(log.AdoptSecret(epoch.secret));
  storage::AppliedMark mark;
  mark.position = first->position;
  mark.hash = mark.epoch = Checksum(first->bytes);
  std::vector<Pool> pools;
  ASSIGN_OR_RETURN(pools, log.ReadPools());
  for (const Pool& pool : pools) mark.pools_made = std::max(mark.pools_made, Index(pool.id));
  storage::LogBatch batch;
  batch.applied = mark;
  RETURN_IF_ERROR(log.Commit(batch, storage::Durability::kDisk));
  return mark;
}

}  // namespace

absl::StatusOr<storage::AppliedMark> JoinSharedLog(const ReplicaOptions& options,
                                                   storage::EventLog& log, const Clock& clock) {
  ASSIGN_OR_RETURN(const storage::AppliedMark mark, log.ReadApplied());
  if (mark.position == 0) return JoinFresh(options, log, clock);
  ASSIGN_OR_RETURN(const storage::SharedRange range, options.log->Range());
  if (range.last < mark.position) {
    return DoNotBelongTogether(Cat("this replica has folded message ", mark.position,
                                   ", and the log ends with message ", range.last));
  }
  if (range.first > mark.position + 1) {
    return DoNotBelongTogether(Cat("this replica has folded message ", mark.position,
                                   ", and the log begins with message ", range.first));
  }
  if (range.first > mark.position) return mark;
  ASSIGN_OR_RETURN(const auto last, options.log->Read(mark.position - 1, 1, kWait * kTries));
  if (last.empty()) return absl::UnavailableError("the shared log did not answer in time");
  if (last.front().position != mark.position || Checksum(last.front().bytes) != mark.hash) {
    return DoNotBelongTogether(
        Cat("message ", mark.position, " of the log is not the one that this replica has folded"));
  }
  return mark;
}

}  // namespace pointsman::engine
