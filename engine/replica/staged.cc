#include "engine/replica/staged.h"

#include <utility>
#include <variant>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::engine {
namespace {

absl::Status Changed(std::string_view what) {
  return absl::AbortedError(
      Cat(what, " changed while this was on its way through the shared log; send it again"));
}

bool ChangesArmsOrPools(const EventBody& body) {
  return std::holds_alternative<ArmEvent>(body) || std::holds_alternative<PoolEvent>(body);
}

// An outcome was staged for the arm as it was. How much weight the client has left is not checked: that is known from
// a bounded memory, which is not the same at every replica. So within a round trip of the log, each replica may take a
// client's last weight once.
absl::Status CheckOutcome(const PoolRuntime& pool, const OutcomeEvent& outcome) {
  const auto state = pool.state();
  if (state->arm(outcome.arm) == nullptr) return Changed("the arm");
  if (outcome.is_learned && outcome.decision_version > 0 &&
      outcome.decision_version < state->FreshSince(outcome.arm)) {
    return Changed("the arm");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Proposal> ProposalOf(Turn::Gathered gathered, const storage::EventLog& log,
                                    const storage::AppliedMark& mark) {
  Proposal proposal;
  for (const auto& [key, record] : gathered.read) proposal.seen.push_back({key, HashOf(record)});
  for (auto& [pool, events] : gathered.events) {
    Proposal::Events of{.pool = pool->id(), .bodies = {}};
    for (Event& event : events) {
      if (ChangesArmsOrPools(event.body)) proposal.changed = mark.changed;
      if (std::holds_alternative<SilenceEvent>(event.body)) {
        ASSIGN_OR_RETURN(of.judged, log.ReadProgress(pool->id()));
      }
      of.bodies.push_back(std::move(event.body));
    }
    proposal.events.push_back(std::move(of));
  }
  proposal.split = std::move(gathered.split);
  return proposal;
}

std::shared_ptr<PoolRuntime> FindPool(const PoolTable& pools, PoolId id) {
  const auto all = pools.all();
  for (const auto& [name, pool] : *all) {
    if (pool->id() == id) return pool;
  }
  return nullptr;
}

absl::Status Check(const Turn& turn, const PoolTable& pools, const storage::EventLog& log,
                   const storage::AppliedMark& mark, const Proposal& proposal) {
  if (proposal.changed && *proposal.changed != mark.changed) return Changed("an arm or a pool");
  for (const Proposal::Seen& seen : proposal.seen) {
    std::optional<storage::FeedbackRecord> record;
    ASSIGN_OR_RETURN(record, turn.ReadFeedback(seen.key));
    if (HashOf(record) != seen.hash) return Changed("what is known of this decision");
  }
  for (const Proposal::Events& events : proposal.events) {
    const auto pool = FindPool(pools, events.pool);
    if (pool == nullptr) {
      if (std::holds_alternative<PoolEvent>(events.bodies.front())) continue;
      return Changed("the pool");
    }
    if (events.judged) {
      storage::PoolProgress judged;
      ASSIGN_OR_RETURN(judged, log.ReadProgress(events.pool));
      if (judged != *events.judged) return Changed("how far silence was judged");
    }
    for (const EventBody& body : events.bodies) {
      const auto* outcome = std::get_if<OutcomeEvent>(&body);
      if (outcome != nullptr) RETURN_IF_ERROR(CheckOutcome(*pool, *outcome));
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman::engine
