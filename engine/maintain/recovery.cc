#include "engine/maintain/recovery.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/learn/fold.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kEventsAtOnce = 4096;

// The newest snapshot that decodes and belongs to this pool; nothing if there is none.
absl::StatusOr<std::optional<learners::LearnedState>> NewestSnapshot(const storage::EventLog& log,
                                                                     PoolId pool) {
  std::vector<Sequence> sequences;
  ASSIGN_OR_RETURN(sequences, log.ListSnapshots(pool));
  Sequence last = 0;
  ASSIGN_OR_RETURN(last, log.LastSequence(pool));
  for (const Sequence sequence : sequences) {
    const auto bytes = log.ReadSnapshot(pool, sequence);
    if (!bytes.ok()) {
      if (absl::IsDataLoss(bytes.status())) continue;
      return bytes.status();
    }
    // A snapshot ahead of the log belongs to another log.
    if (sequence > last) continue;
    auto state = learners::LearnedState::Decode(*bytes);
    if (state.ok() && state->version() == sequence && state->pool().id == pool) {
      return std::optional<learners::LearnedState>(*std::move(state));
    }
  }
  return std::optional<learners::LearnedState>();
}

absl::StatusOr<learners::LearnedState> Replay(const storage::EventLog& log, const Pool& pool) {
  auto snapshot = NewestSnapshot(log, pool.id);
  RETURN_IF_ERROR(snapshot.status());
  Sequence first = 0;
  ASSIGN_OR_RETURN(first, log.FirstSequence(pool.id));
  if (!snapshot->has_value() && first > 1) {
    return DataLoss("no snapshot can be used, and the log begins with event ", first,
                    ", so earlier events are lost");
  }
  auto state = snapshot->has_value() ? absl::StatusOr<learners::LearnedState>(**std::move(snapshot))
                                     : EmptyState(log, pool);
  RETURN_IF_ERROR(state.status());
  // The fold needs no effects: what the events changed beside the learned state was committed with them.
  PoolFold fold(std::make_shared<const learners::LearnedState>(*std::move(state)));
  while (true) {
    std::vector<Event> events;
    ASSIGN_OR_RETURN(events, log.ReadEvents(pool.id, fold.next(), kEventsAtOnce));
    if (events.empty()) return learners::LearnedState(*fold.learned());
    for (Event& event : events) RETURN_IF_ERROR(fold.Apply(std::move(event)).status());
    RETURN_IF_ERROR(fold.Learn());
    fold.DropEvents();
  }
}

// The weight that clients used within the last hour is kept in memory alone. It is read again from the log.
absl::Status RecoverWeights(const storage::EventLog& log, PoolRuntime& pool) {
  const auto state = pool.state();
  if (state->pool().settings.client_weight_per_hour == 0) return absl::OkStatus();
  Sequence oldest = 0;
  ASSIGN_OR_RETURN(oldest, log.FirstSequence(pool.id()));
  const Micros since = state->time() - ClientWeights::kCountedFor;
  std::vector<Event> events;
  Sequence first = state->version() + 1;
  while (first > oldest && first > 1) {
    first = std::max(oldest, first - std::min<Sequence>(first - 1, kEventsAtOnce));
    std::vector<Event> one;
    ASSIGN_OR_RETURN(one, log.ReadEvents(pool.id(), first, 1));
    if (one.empty() || one.front().time < since) break;
  }
  while (true) {
    ASSIGN_OR_RETURN(events,
                     log.ReadEvents(pool.id(), std::max<Sequence>(first, 1), kEventsAtOnce));
    if (events.empty()) return absl::OkStatus();
    for (const Event& event : events) {
      if (const auto* outcome = std::get_if<OutcomeEvent>(&event.body)) {
        if (outcome->counted > 0 && event.time >= since) {
          pool.client_weights().Count(KeyOfClient(outcome->client), outcome->arm, outcome->counted,
                                      event.time);
        }
      } else if (const auto* put = std::get_if<PoolEvent>(&event.body)) {
        if (put->pool.settings.client_weight_per_hour == 0) pool.client_weights().Clear();
      }
    }
    first = events.back().sequence + 1;
  }
}

}  // namespace

absl::StatusOr<learners::LearnedState> EmptyState(const storage::EventLog& log,
                                                  const Pool& record) {
  std::vector<Event> first;
  ASSIGN_OR_RETURN(first, log.ReadEvents(record.id, 1, 1));
  const auto* made = first.empty() ? nullptr : std::get_if<PoolEvent>(&first.front().body);
  return learners::LearnedState::Empty(made == nullptr ? record : made->pool);
}

absl::StatusOr<std::vector<Turn::Evicted>> Recover(const storage::EventLog& log,
                                                   retrieval::Building building,
                                                   const Remotes& remotes, PoolTable& pools) {
  std::vector<Turn::Evicted> evicted;
  std::vector<Pool> stored;
  ASSIGN_OR_RETURN(stored, log.ReadPools());
  for (const Pool& pool : stored) {
    auto state = Replay(log, pool);
    if (!state.ok()) {
      return absl::Status(
          state.status().code(),
          Cat("pool ", Quoted(pool.name), " cannot be recovered: ", ToStd(state.status().message()),
              "; restore the data folder from a backup, or move the folder away to start with an "
              "empty one"));
    }
    auto runtime = PoolRuntime::Make(*std::move(state), building, remotes);
    RETURN_IF_ERROR(runtime.status());
    RETURN_IF_ERROR(log.ReadExperience(pool.id, [&](const Experience& experience) {
      for (const Sequence gone : (*runtime)->AddExperience(experience)) {
        evicted.push_back({pool.id, gone});
      }
    }));
    storage::PoolProgress progress;
    ASSIGN_OR_RETURN(progress, log.ReadProgress(pool.id));
    (*runtime)->counters().SetMissing(progress.missing);
    RETURN_IF_ERROR(RecoverWeights(log, **runtime));
    pools.Put(*std::move(runtime));
  }
  return evicted;
}

}  // namespace pointsman::engine
