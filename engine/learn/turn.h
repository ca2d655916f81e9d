// One turn of the log writer. It gathers what a batch of commands appends to the log, and how that changes
// everything kept beside the log (fold.h), before anything is written.
// Operation: Append gathers events. Commit learns, on private copies, the events that Learned has not learned
//   yet. Then it writes everything in one synced batch and publishes it. Either everything is in the log and
//   visible, or nothing is.
// Learning comes before the write, because learning is pure. So an event that no learner can follow is refused
//   before it enters the log.
// Threads: the log writer's alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/learn/fold.h"
#include "engine/pool/client_weights.h"
#include "engine/pool/pool_runtime.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

class Turn {
 public:
  // A feedback record of a decision before `forgotten_before` is taken for gone, whether it was deleted or not.
  Turn(storage::EventLog& log, Micros now, Micros forgotten_before = 0)
      : log_(log), now_(now), forgotten_before_(forgotten_before) {}

  Micros now() const { return now_; }

  // The time of the pool's next event. It is never before that of its last event.
  Micros TimeOf(const std::shared_ptr<PoolRuntime>& pool) const;
  // Adds an event to a pool's log and returns its sequence. A first outcome gets its anchor here.
  Sequence Append(const std::shared_ptr<PoolRuntime>& pool, EventBody body);
  // The pool's state after learning everything appended so far. It is for commands whose next event depends on
  // what their last one taught. The result changes at the next call. Errors: for an event that no learner can
  // follow; the turn is then void, and Commit fails with the same error.
  absl::StatusOr<const learners::LearnedState*> Learned(const std::shared_ptr<PoolRuntime>& pool);
  // Finds an arm by name, including the arms put in this turn.
  std::optional<Arm> FindArm(const std::shared_ptr<PoolRuntime>& pool, std::string_view name) const;
  std::size_t ArmCount(const std::shared_ptr<PoolRuntime>& pool) const;

  // The record after what was appended so far.
  absl::StatusOr<std::optional<storage::FeedbackRecord>> ReadFeedback(
      const storage::FeedbackKey& key) const;
  // Writes a record from before format 3 in the present form. Its meaning does not change, so there is no
  // event.
  void SplitFeedback(const storage::FeedbackKey& key, storage::FeedbackRecord record) {
    split_.emplace_back(key, record);
    PutFeedback(key, std::move(record));
  }
  // How much of a client's weight on an arm was used within the last hour, this turn included.
  double UsedWeight(const std::shared_ptr<PoolRuntime>& pool, ClientKey client, ArmId arm) const;
  // Deletes an experience that was dropped from the bounded memory.
  void RemoveExperience(PoolId pool, Sequence sequence) {
    batch_.experience_removed.emplace_back(pool, sequence);
  }
  void PutPool(Pool pool) { batch_.pools.push_back(std::move(pool)); }

  // The turn brings the log to this position of a shared log.
  void NoteApplied(const storage::AppliedMark& mark) { batch_.applied = mark; }

  bool empty() const;

  // The turn is not to be committed or proposed, and Commit fails with this error.
  void Fail(absl::Status why) {
    if (void_.ok()) void_ = std::move(why);
  }
  const absl::Status& status() const { return void_; }
  // A decision that another replica made has not come here yet. A replica stages the command again a little later.
  void NoteMissingDecision() { misses_decision_ = true; }
  bool misses_decision() const { return misses_decision_; }

  // What the turn gathered so far, for a replica that proposes it instead of committing it.
  struct Gathered {
    std::vector<std::pair<std::shared_ptr<PoolRuntime>, std::vector<Event>>> events;
    std::vector<std::pair<storage::FeedbackKey, std::optional<storage::FeedbackRecord>>> read;
    std::vector<std::pair<storage::FeedbackKey, storage::FeedbackRecord>> split;
  };
  Gathered gathered() const;

  // An experience that was dropped from the bounded memory. The next turn deletes it.
  struct Evicted {
    PoolId pool{};
    Sequence sequence = 0;
  };
  absl::StatusOr<std::vector<Evicted>> Commit(
      storage::Durability durability = storage::Durability::kDisk);

  // The pools that have new events, for snapshots.
  std::vector<std::shared_ptr<PoolRuntime>> touched() const;

 private:
  struct PoolTurn {
    void PutArm(const Arm& arm);

    std::shared_ptr<PoolRuntime> pool;
    std::optional<PoolFold> fold;
    std::vector<Experience> experience;
    std::map<std::string, Arm, std::less<>> arms;             // put in this turn
    std::map<std::string, std::string, std::less<>> aliases;  // of those, with the arm's name
    std::size_t new_arms = 0;
    double ticks = 0;  // how far these events advance the pool's clock
    std::map<std::pair<ClientKey, ArmId>, double> weights;  // counted in this turn
    bool clears_weights = false;
    std::vector<Micros> lags;
  };
  using Key = std::tuple<uint32_t, std::string, uint32_t>;
  static Key KeyOf(const storage::FeedbackKey& key) {
    return {Index(key.pool), key.decision_id, Index(key.arm)};
  }
  PoolTurn& TurnOf(const std::shared_ptr<PoolRuntime>& pool);
  absl::Status LearnAppended(PoolTurn& turn);
  void Take(Effects effects, PoolTurn& turn);
  void Take(ExperienceChange change, PoolTurn& turn);
  void PutFeedback(const storage::FeedbackKey& key, storage::FeedbackRecord record);
  static void Publish(PoolTurn& turn, std::vector<Evicted>& evicted, PoolId id);

  storage::EventLog& log_;
  const Micros now_, forgotten_before_;
  storage::LogBatch batch_;
  std::map<PoolId, PoolTurn> pools_;
  std::map<Key, std::pair<storage::FeedbackKey, storage::FeedbackRecord>>
      feedback_;  // written by this turn
  mutable std::map<Key, std::optional<storage::FeedbackRecord>>
      read_;  // other records that were read
  std::vector<std::pair<storage::FeedbackKey, storage::FeedbackRecord>> split_;
  absl::Status void_;  // why this turn can no longer be committed
  bool misses_decision_ = false;
};

}  // namespace pointsman::engine
