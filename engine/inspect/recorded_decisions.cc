#include "engine/inspect/recorded_decisions.h"

#include "base/strings.h"
#include "domain/errors.h"
#include "learners/choice/choose.h"

namespace pointsman::engine {

absl::Status DecisionUnknown(std::string_view pool, std::string_view id) {
  return WithReason(NotFound("decision_id: pool ", Quoted(pool), " has no decision ", Quoted(id),
                             "; it may have expired"),
                    reason::kDecisionUnknown, "decision_id");
}

absl::StatusOr<std::optional<std::pair<ArmId, Outcome>>> OutcomeOf(
    const storage::Projections& projections, const Decision& decision) {
  using Found = std::optional<std::pair<ArmId, Outcome>>;
  const auto read = [&](ArmId arm) -> absl::StatusOr<std::optional<storage::FeedbackRecord>> {
    std::optional<storage::FeedbackRecord> record;
    ASSIGN_OR_RETURN(record, projections.ReadFeedback({decision.pool, decision.id, arm}));
    if (record && record->decision_time != decision.time) record.reset();
    return record;
  };
  const ArmId first = decision.chosen.front().arm;
  std::optional<storage::FeedbackRecord> record;
  ASSIGN_OR_RETURN(record, read(first));
  if (!record) return Found();
  const ArmId served = record->served;
  if (record->is_split && served != first) {
    ASSIGN_OR_RETURN(record, read(served));
  }
  if (!record || record->learned.empty()) return Found();
  return Found({served, record->learned});
}

std::size_t BestUnder(const Decision& decision, const PoolSettings& settings,
                      const Preference& preference) {
  std::size_t best = 0;
  double most = 0;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const double utility = learners::Utility(settings, preference, decision.candidates[i].expected);
    if (i > 0 && !(utility > most)) continue;
    best = i;
    most = utility;
  }
  return best;
}

}  // namespace pointsman::engine
