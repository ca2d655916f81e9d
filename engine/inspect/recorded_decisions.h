// Reads the decisions that are kept, the newest first, and what became of them.
// Errors: those of reading the storage.
// Cost: reads the disk, about 20 us a decision.
// Threads: any.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// kNotFound DECISION_UNKNOWN.
absl::Status DecisionUnknown(std::string_view pool, std::string_view id);

// What is known of the arm that served: the first of the answer, or another one that feedback named.
absl::StatusOr<std::optional<std::pair<ArmId, Outcome>>> OutcomeOf(
    const storage::Projections& projections, const Decision& decision);

// The place of the candidate that is best by utility under a preference, as estimated when the decision was made; the
// first of equals. At least one candidate.
std::size_t BestUnder(const Decision& decision, const PoolSettings& settings,
                      const Preference& preference);

// Calls `visit` with the decisions before `before`, the newest first, until it returns false. A decision whose record
// has expired has only its position.
// Visit: absl::StatusOr<bool>(const DecisionPosition&, std::optional<Decision>).
template <class Visit>
absl::Status ForEachNewest(const storage::DecisionStore& decisions, PoolId pool,
                           DecisionPosition before, Visit visit) {
  constexpr std::size_t kAtOnce = 256;  // positions that are read together
  while (true) {
    ASSIGN_OR_RETURN(const auto positions, decisions.ReadNewest(pool, before, kAtOnce));
    for (const DecisionPosition& position : positions) {
      std::optional<Decision> decision;
      ASSIGN_OR_RETURN(decision, decisions.Get(pool, position.decision_id));
      // A caller may use an id again; the position then belongs to no record.
      if (decision && decision->time != position.time) decision.reset();
      ASSIGN_OR_RETURN(const bool goes_on, visit(position, std::move(decision)));
      if (!goes_on) return absl::OkStatus();
    }
    if (positions.size() < kAtOnce) return absl::OkStatus();
    before = positions.back();
  }
}

}  // namespace pointsman::engine
