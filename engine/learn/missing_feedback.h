// Judges decisions whose feedback window has ended: an outcome of which nobody told a quality or an
// error is counted as missing and, in a pool that says what silence means, learned as the pool's
// `missing_quality`. That is an event in the log like any other, so learning stays a fold over it.
// Operation: the decision store has each pool's decisions by time; the writer goes through them a
//   stretch at a time and keeps, in the same write as the events, how far it has come: so each is
//   judged once, and a restart goes on where the last one stopped. Nothing is kept in memory but
//   that position.
// Errors: kUnavailable if something cannot be read; then nothing was judged.
// Limitations: a decision recorded more than a feedback window after its time (a process that was
//   stopped in between, a clock set back) is not judged.
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

  // Stages and commits the judgement of what has fallen due, at most some hundreds of decisions; whether more may be
  // due.
  bool Run(Micros now, const std::function<absl::Status(Turn&)>& commit);

  // Adds to the turn the judgement of at most `count_max` decisions; whether more may be due.
  // `learns` false: count them alone (for events that no learner can follow).
  absl::StatusOr<bool> Stage(Turn& turn, std::size_t count_max, bool learns);
  // Once the turn has been committed; without it the same decisions are judged again.
  void Committed();

 private:
  bool Judge(Micros now, bool learns, const std::function<absl::Status(Turn&)>& commit);
  struct Judged {
    std::shared_ptr<PoolRuntime> pool;
    storage::PoolProgress progress;
  };
  absl::StatusOr<storage::PoolProgress> ProgressOf(PoolId pool);
  // How many decisions of the pool were judged.
  absl::StatusOr<std::size_t> StagePool(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                        std::size_t count_max, bool learns);
  absl::StatusOr<bool> IsMissing(const Turn& turn, PoolId pool,
                                 const storage::WaitingDecision& waiting, ArmId arm) const;

  const storage::Storage& storage_;
  const PoolTable& pools_;
  const FeedbackCommands& commands_;
  std::map<PoolId, storage::PoolProgress> progress_;  // as committed, of pools that were looked at
  std::vector<Judged> judged_;                        // in the turn that is not yet committed
  std::string last_pool_;                             // the one whose turn it was last
};

}  // namespace pointsman::engine
