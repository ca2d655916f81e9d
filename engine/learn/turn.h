// One turn of the log writer: what a batch of commands appends to the log, and what that makes of everything kept
// beside it (fold.h), gathered before anything is written.
// Operation: Append gathers; then Commit learns the events on private copies (where Learned has not done so yet),
//   writes all of it in one synced batch, and publishes. Nothing is visible, and nothing is in the log, unless all is.
// Learning comes before the write because it is pure: an event that no learner can follow is refused
//   instead of standing in the log for ever.
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
  Turn(storage::EventLog& log, Micros now) : log_(log), now_(now) {}

  Micros now() const { return now_; }

  // The time that the pool's next event gets: never before that of its last one.
  Micros TimeOf(const std::shared_ptr<PoolRuntime>& pool) const;
  // Adds an event to a pool's log and answers its sequence. A first outcome gets its anchor.
  Sequence Append(const std::shared_ptr<PoolRuntime>& pool, EventBody body);
  // The pool's state with everything learned that was appended so far: for commands whose next
  // event depends on what their last one taught. It moves on at the next call. Errors: of an event
  // that no learner can follow; the turn is then void, and Commit fails with the same.
  absl::StatusOr<const learners::LearnedState*> Learned(const std::shared_ptr<PoolRuntime>& pool);
  // An arm by name, those put in this turn included.
  std::optional<Arm> FindArm(const std::shared_ptr<PoolRuntime>& pool, std::string_view name) const;
  std::size_t ArmCount(const std::shared_ptr<PoolRuntime>& pool) const;

  // As it is after what was appended so far.
  absl::StatusOr<std::optional<storage::FeedbackRecord>> ReadFeedback(
      const storage::FeedbackKey& key) const;
  // Writes a record of before format 3 in the form of now. It says the same as before: no event.
  void SplitFeedback(const storage::FeedbackKey& key, storage::FeedbackRecord record) {
    PutFeedback(key, std::move(record));
  }
  // Of a client's weight on an arm: what is used up within the last hour, this turn included.
  double UsedWeight(const std::shared_ptr<PoolRuntime>& pool, ClientKey client, ArmId arm) const;
  // Of an experience that fell out of the bounded memory.
  void RemoveExperience(PoolId pool, Sequence sequence) {
    batch_.experience_removed.emplace_back(pool, sequence);
  }
  void PutPool(Pool pool) { batch_.pools.push_back(std::move(pool)); }

  bool empty() const;

  // What fell out of the bounded memories, to be forgotten in the next turn.
  struct Evicted {
    PoolId pool{};
    Sequence sequence = 0;
  };
  absl::StatusOr<std::vector<Evicted>> Commit();

  // The pools that got events, for snapshots.
  std::vector<std::shared_ptr<PoolRuntime>> touched() const;

 private:
  struct PoolTurn {
    std::shared_ptr<PoolRuntime> pool;
    std::optional<PoolFold> fold;
    std::vector<Experience> experience;
    std::map<std::string, Arm, std::less<>> arms;  // put in this turn
    std::size_t new_arms = 0;
    double ticks = 0;  // of the pool's clock, by the events so far
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
  const Micros now_;
  storage::LogBatch batch_;
  std::map<PoolId, PoolTurn> pools_;
  std::map<Key, std::pair<storage::FeedbackKey, storage::FeedbackRecord>>
      feedback_;  // written by this turn
  mutable std::map<Key, std::optional<storage::FeedbackRecord>>
      read_;           // others that were asked for
  absl::Status void_;  // why nothing of this turn can be committed
};

}  // namespace pointsman::engine
