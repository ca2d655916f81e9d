// One of several replicas that share a log. A command is staged here, its events are proposed to the shared log, and
// the log brings them back in an order that is the same for every replica. Then they are folded, and the caller gets
// the result: a verdict is a result of the fold. The state and the storage of a replica are caches of the shared log.
// Operation:
//   Propose  stages a command in a turn that is never committed. What the turn gathered is proposed (proposal.h). A
//            command that changes nothing is answered at once.
//   Flush    sends what was proposed since the last call: up to 256 proposals a message.
//   Fold     folds the next message of the log. It commits the events together with the position of the message, so
//            that after any crash the log is read on from there. The proposals of this replica that could not be
//            folded, because what they had read has changed, are staged and proposed again.
//   Tick     stages again what waits for a decision of another replica, and gives up proposals that did not come
//            back in time: the caller gets kUnavailable and may send the same again, since feedback is idempotent.
// Durability: a caller is answered after its message came back, which a replicated log does only once it is kept by
//   a quorum, and after this replica's own synced write. Messages of other replicas are not synced: a crash that
//   loses them only makes this replica read them again.
// Errors: Fold returns kUnavailable if the storage fails, and kDataLoss or kFailedPrecondition for a log that this
//   replica cannot follow. It must not be called again before the cause is gone.
// Threads: the log writer's alone, but for figures.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "engine/learn/log_writer.h"
#include "engine/pool/pool_table.h"
#include "engine/replica/options.h"
#include "engine/replica/proposal.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

class Replica {
 public:
  struct Parts {
    storage::EventLog& log;
    PoolTable& pools;
    LogWriter& writer;
    const Clock& clock;
    // How long feedback records count after their decision. They are deleted later than that, and not everywhere
    // at once, so what is folded must not depend on it.
    Micros records_kept = 0;
    std::size_t waiting_max = 0;  // commands; more are refused
    std::function<absl::StatusOr<std::shared_ptr<PoolRuntime>>(const Pool&)> make_runtime;
    std::function<void(const std::vector<std::shared_ptr<PoolRuntime>>&)> on_folded;
  };
  // `mark`: how far the folder is (JoinSharedLog).
  Replica(const ReplicaOptions& options, const storage::AppliedMark& mark, Parts parts);

  void Propose(Command command);
  // The same for a pool that is deleted. `done` gets whether it was.
  void ProposeDelete(PoolId pool, std::function<void(const absl::Status&)> done);
  // The id of the next pool that is made.
  PoolId NextPool() const;

  void Flush();
  absl::Status Fold(const storage::SharedMessage& message);
  void Tick(Micros now);
  // Answers everything that waits with kUnavailable. The proposals may still be folded.
  void GiveUp(const absl::Status& why);

  uint64_t position() const { return mark_.position; }
  uint64_t run() const { return run_; }
  // The log's time of the last message that was folded since the start; 0: none yet.
  Micros folded_at() const { return folded_at_; }
  // Decisions have come: what waited for one is staged again. How far they were stored is kept with the next message
  // that is folded.
  void NoteDecisions(uint64_t position);
  void NoteStatus(const absl::Status& status);
  ReplicaFigures figures() const;

 private:
  // A command that waits for the log. It may have been proposed several times.
  struct Waiting {
    Command command;
    Completion complete;
    Sequence first = 0;  // of its events, as staged; 0: it has none
    Micros give_up_at = 0;
    int tries = 0;
    bool is_done = false;
  };
  using WaitingPtr = std::shared_ptr<Waiting>;
  struct Folded {
    absl::Status status;
    Sequence first = 0;  // of its events, in the log
  };

  void Stage(const WaitingPtr& waiting);
  void StagePostponed();
  void Send(Proposal proposal, const WaitingPtr& waiting);
  void Answer(const WaitingPtr& waiting, const Written& written);
  absl::Status FoldProposals(std::vector<Proposal> proposals, bool is_own, Micros time,
                             const storage::AppliedMark& next);
  Folded FoldOne(Turn& turn, const Proposal& proposal,
                 std::vector<std::shared_ptr<PoolRuntime>>& made);
  void Published(const Turn& turn, const std::vector<Proposal>& proposals,
                 const std::vector<std::shared_ptr<PoolRuntime>>& made,
                 const storage::AppliedMark& next);
  void Resolve(uint64_t number, const Folded& folded);
  absl::Status CheckMaker(const std::string& replica) const;

  const ReplicaOptions options_;
  const uint64_t run_;
  Parts parts_;
  storage::AppliedMark mark_;
  Micros folded_at_ = 0;
  uint64_t next_number_ = 1;
  std::vector<Proposal> outgoing_;
  std::map<uint64_t, WaitingPtr> waiting_;  // by the number of each proposal
  std::vector<WaitingPtr> postponed_;       // until the decision has come
  mutable Mutex mutex_;
  ReplicaFigures figures_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::engine
