#include "engine/inspect/recomputed.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspect/recorded_decisions.h"
#include "engine/learn/fold.h"
#include "engine/maintain/recovery.h"
#include "engine/request/arm_name.h"
#include "engine/route/recompute.h"

namespace pointsman::engine {
namespace {

using StatePtr = std::shared_ptr<const learners::LearnedState>;

constexpr std::size_t kEventsAtOnce = 1024;

// The newest stored state that is not newer than `version`; null: there is none from which the log goes on.
absl::StatusOr<StatePtr> Before(const PoolRuntime& pool, const storage::EventLog& log,
                                Sequence version) {
  ASSIGN_OR_RETURN(std::vector<Sequence> snapshots, log.ListSnapshots(pool.id()));
  std::sort(snapshots.rbegin(), snapshots.rend());
  for (const Sequence snapshot : snapshots) {
    if (snapshot > version) continue;
    const auto bytes = log.ReadSnapshot(pool.id(), snapshot);
    if (!bytes.ok()) continue;  // deleted meanwhile, or damaged: an older one does as well
    auto state = learners::LearnedState::Decode(*bytes);
    if (state.ok() && state->version() == snapshot) {
      return std::make_shared<const learners::LearnedState>(*std::move(state));
    }
  }
  ASSIGN_OR_RETURN(const Sequence first, log.FirstSequence(pool.id()));
  if (first > 1) return StatePtr();
  ASSIGN_OR_RETURN(auto empty, EmptyState(log, pool.state()->pool()));
  return std::make_shared<const learners::LearnedState>(std::move(empty));
}

// The state at `version`, and how many events were learned for it. Null: it cannot be had; `out` says why.
absl::StatusOr<StatePtr> StateAt(const PoolRuntime& pool, const storage::EventLog& log,
                                 Sequence version, Recomputed& out) {
  StatePtr state = pool.state();
  if (state->version() == version) return state;
  ASSIGN_OR_RETURN(state, Before(pool, log, version));
  if (state == nullptr) {
    out.why = "the log no longer has the events before it";
    return state;
  }
  if (version - state->version() > kReplayedMax) {
    out.why =
        Cat("it would take ", version - state->version(), " events; the most is ", kReplayedMax);
    return StatePtr();
  }
  out.replayed = version - state->version();
  PoolFold fold(state);
  while (fold.next() <= version) {
    const std::size_t most = std::min<Sequence>(kEventsAtOnce, version - fold.next() + 1);
    ASSIGN_OR_RETURN(std::vector<Event> events, log.ReadEvents(pool.id(), fold.next(), most));
    if (events.empty()) {
      out.why = "the log no longer has the events before it";
      return StatePtr();
    }
    for (Event& event : events) RETURN_IF_ERROR(fold.Apply(std::move(event)).status());
    RETURN_IF_ERROR(fold.Learn());
    fold.DropEvents();
  }
  return fold.learned();
}

std::string FirstDifference(const learners::LearnedState& state, const Decision& was,
                            const Decision& is) {
  if (was.chosen.front().arm != is.chosen.front().arm) {
    return Cat("the arm is now ", Quoted(NameOf(state, is.chosen.front().arm)));
  }
  for (std::size_t i = 0; i < was.candidates.size(); ++i) {
    const Candidate &a = was.candidates[i], &b = is.candidates[i];
    if (a == b) continue;
    return absl::StrFormat("%s: the chance was %.6f and is %.6f, the utility was %.6f and is %.6f",
                           Quoted(NameOf(state, a.arm)), a.probability, b.probability, a.utility,
                           b.utility);
  }
  return "the further arms differ";
}

}  // namespace

absl::StatusOr<Recomputed> RecomputeDecision(const PoolRuntime& pool,
                                             const storage::Storage& storage, std::string_view id) {
  std::optional<Decision> decision;
  ASSIGN_OR_RETURN(decision, storage.decisions->Get(pool.id(), id));
  if (!decision) return DecisionUnknown(pool.name(), id);
  Recomputed out;
  out.version = decision->snapshot_version;
  ASSIGN_OR_RETURN(const StatePtr state,
                   StateAt(pool, *storage.log, decision->snapshot_version, out));
  if (state == nullptr) return out;
  const auto again = Recompute(*state, *decision, storage.log->secret());
  if (!again.ok()) {
    out.why = std::string(ToStd(again.status().message()));
    return out;
  }
  out.arm = NameOf(*state, again->chosen.front().arm);
  out.propensity = again->chosen.front().propensity;
  const bool is_same = *again == *decision;
  out.result = is_same ? Recomputed::Result::kSame : Recomputed::Result::kDifferent;
  if (!is_same) out.why = FirstDifference(*state, *decision, *again);
  return out;
}

}  // namespace pointsman::engine
