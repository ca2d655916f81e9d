// Judges decisions whose feedback window has ended. If nobody reported a quality or an error of an outcome, the
// outcome is counted as missing. In a pool that says what silence means, it is also learned as the pool's
// `missing_quality`. That is an ordinary event in the log, so learning remains a fold over the log.
// Operation: the decision store has each pool's decisions in order of time. The writer goes through them in
//   batches. It stores how far it has come in the same write as the events. So each decision is judged once,
//   and after a restart the judge continues where it stopped. Only that position is kept in memory.
// Errors: kUnavailable if something cannot be read. Then nothing was judged.
// Limitations: a decision is not judged if it is recorded more than a feedback window after its time (because
//   the process was stopped in between, or the clock was set back).
// Threads: the log writer's alone.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/learn/feedback_commands.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

class MissingFeedbackJudge {
 public:
  MissingFeedbackJudge(const storage::Storage& storage, const PoolTable& pools,
                       const FeedbackCommands& commands)
      : storage_(storage), pools_(pools), commands_(commands) {}

  // Stages and commits the judgement of decisions that are due, at most some hundreds. Returns whether more may
  // be due.
  bool Run(Micros now, const std::function<absl::Status(Turn&)>& commit);

  // Adds to the turn the judgement of at most `count_max` decisions. Returns whether more may be due. If
  // `learns` is false, missing outcomes are only counted (used when no learner can follow an event).
  absl::StatusOr<bool> Stage(Turn& turn, std::size_t count_max, bool learns);
  // Forgets how far silence was judged: it is read again. For a replica, whose log brings the judgements of others.
  void Forget() { progress_.clear(); }
  // Call it once the turn is committed. Otherwise the same decisions are judged again.
  void Committed();

 private:
  bool Judge(Micros now, bool learns, const std::function<absl::Status(Turn&)>& commit);
  struct Judged {
    std::shared_ptr<PoolRuntime> pool;
    storage::PoolProgress progress;
  };
  absl::StatusOr<storage::PoolProgress> ProgressOf(PoolId pool);
  // Returns how many decisions of the pool were judged.
  absl::StatusOr<std::size_t> StagePool(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                        std::size_t count_max, bool learns);
  absl::StatusOr<bool> IsMissing(const Turn& turn, PoolId pool,
                                 const storage::WaitingDecision& waiting, ArmId arm) const;

  const storage::Storage& storage_;
  const PoolTable& pools_;
  const FeedbackCommands& commands_;
  std::map<PoolId, storage::PoolProgress> progress_;  // as committed, of pools looked at so far
  std::vector<Judged> judged_;                        // in the turn that is not yet committed
  std::string last_pool_;                             // the last pool that was judged
};

}  // namespace pointsman::engine
