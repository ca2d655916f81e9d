// Between a turn and a proposal: a proposer stages a command in a turn that is never committed and proposes what
// the turn gathered; every replica checks a proposal and appends it to the turn that folds its message.
// Threads: the log writer's alone.
#pragma once

#include "absl/status/status.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "engine/replica/proposal.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// What a turn gathered. Without `deleted`.
absl::StatusOr<Proposal> ProposalOf(Turn::Gathered gathered, const storage::EventLog& log,
                                    const storage::AppliedMark& mark);

// The pool with this id; null if there is none.
std::shared_ptr<PoolRuntime> FindPool(const PoolTable& pools, PoolId id);

// Whether a proposal may be folded now: what it read is still so. The result depends on the log and the proposal
// alone, so it is the same at every replica.
// Errors: kAborted if it is not so; those of reading a record. Pools that the proposal makes are not looked for.
absl::Status Check(const Turn& turn, const PoolTable& pools, const storage::EventLog& log,
                   const storage::AppliedMark& mark, const Proposal& proposal);

}  // namespace pointsman::engine
