#include "engine/replica/staged.h"

#include <map>
#include <utility>
#include <variant>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::engine {
namespace {

// A client's share is a double that was computed by the proposer from the same sums.
constexpr double kRounding = 1e-9;

absl::Status Changed(std::string_view what) {
  return absl::AbortedError(
      Cat(what, " changed while this was on its way through the shared log; send it again"));
}

bool ChangesArmsOrPools(const EventBody& body) {
  return std::holds_alternative<ArmEvent>(body) || std::holds_alternative<PoolEvent>(body);
}

// An outcome was staged for the arm as it was. What a client has left may have been used meanwhile.
absl::Status CheckOutcome(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                          const OutcomeEvent& outcome,
                          std::map<std::pair<ClientKey, ArmId>, double>& counted) {
  const auto state = pool->state();
  if (state->arm(outcome.arm) == nullptr) return Changed("the arm");
  if (outcome.is_learned && outcome.decision_version > 0 &&
      outcome.decision_version < state->FreshSince(outcome.arm)) {
    return Changed("the arm");
  }
  const double bound = state->pool().settings.client_weight_per_hour;
  if (bound == 0 || outcome.counted == 0) return absl::OkStatus();
  const ClientKey client = KeyOfClient(outcome.client);
  double& used = counted[{client, outcome.arm}];
  used += outcome.counted;
  if (turn.UsedWeight(pool, client, outcome.arm) + used > bound + kRounding) {
    return Changed("the weight that the client has left");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Proposal> ProposalOf(const Turn& turn, const storage::EventLog& log,
                                    const storage::AppliedMark& mark) {
  Turn::Gathered gathered = turn.gathered();
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
    std::map<std::pair<ClientKey, ArmId>, double> counted;
    for (const EventBody& body : events.bodies) {
      const auto* outcome = std::get_if<OutcomeEvent>(&body);
      if (outcome != nullptr) RETURN_IF_ERROR(CheckOutcome(turn, pool, *outcome, counted));
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman::engine
