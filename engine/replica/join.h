// The start of a replica: its folder joins the shared log, or goes on with it.
// Operation: the first message of a shared log is its epoch, with the secret that all replicas draw by. Whoever finds
//   the log empty appends one; the one that came first counts. An empty folder takes the epoch's secret. A folder that
//   followed a log before must have followed this one: the message that it folded last must still be the same, and
//   none may be missing after it.
// Errors: kUnavailable if the log does not answer; kFailedPrecondition, with what to do, if the folder and the log do
//   not belong together; kDataLoss if the first message is none of ours.
// Threads: once, before the engine is opened.
#pragma once

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "engine/replica/replica.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

absl::StatusOr<storage::AppliedMark> JoinSharedLog(const ReplicaOptions& options,
                                                   storage::EventLog& log, const Clock& clock);

}  // namespace pointsman::engine
