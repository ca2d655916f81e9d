#include "engine/inspect/inspection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/inspect/recorded_decisions.h"
#include "engine/request/arm_name.h"

namespace pointsman::engine {
absl::StatusOr<Explanation> Explain(const PoolRuntime& pool, const storage::Storage& storage,
                                    std::string_view id) {
  std::optional<Decision> decision;
  ASSIGN_OR_RETURN(decision, storage.decisions->Get(pool.id(), id));
  if (!decision) return DecisionUnknown(pool.name(), id);
  const auto state = pool.state();
  Explanation out;
  out.decision = *std::move(decision);
  for (const Candidate& c : out.decision.candidates)
    out.candidate_names.push_back(NameOf(*state, c.arm));
  // The arms of the answer, and the arm that served if it is not among them.
  std::vector<ArmId> arms;
  for (const ChosenArm& chosen : out.decision.chosen) {
    out.chosen_names.push_back(NameOf(*state, chosen.arm));
    arms.push_back(chosen.arm);
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    std::optional<storage::FeedbackRecord> record;
    ASSIGN_OR_RETURN(record, storage.log->ReadFeedback({pool.id(), out.decision.id, arms[i]}));
    if (!record || record->decision_time != out.decision.time) continue;
    if (!record->learned.empty()) {
      out.outcomes.emplace_back(NameOf(*state, record->is_split ? arms[i] : record->served),
                                record->learned);
    }
    const bool is_beside = std::find(arms.begin(), arms.end(), record->served) == arms.end();
    if (record->is_split && is_beside) arms.push_back(record->served);
  }
  return out;
}

absl::StatusOr<OutcomePage> ReadOutcomes(const PoolRuntime& pool, const storage::EventLog& log,
                                         Sequence first, std::size_t events_max) {
  constexpr std::size_t kTextMax = 1 << 20;
  const auto state = pool.state();
  OutcomePage page;
  ASSIGN_OR_RETURN(page.first_sequence, log.FirstSequence(pool.id()));
  first = std::max({first, page.first_sequence, Sequence{1}});
  std::vector<Event> events;
  ASSIGN_OR_RETURN(events, log.ReadEvents(pool.id(), first, std::max<std::size_t>(1, events_max)));
  std::size_t text = 0;
  for (Event& event : events) {
    if (text > kTextMax) break;
    page.next = event.sequence + 1;
    if (const auto* put = std::get_if<ArmEvent>(&event.body); put != nullptr && put->reset) {
      const ArmReset& reset = *put->reset;
      page.resets.push_back({event.sequence, NameOf(*state, put->arm.id),
                             reset.inherit_from ? NameOf(*state, *reset.inherit_from) : "",
                             reset.inherit_strength});
    }
    auto* outcome = std::get_if<OutcomeEvent>(&event.body);
    if (outcome == nullptr || !outcome->is_learned) continue;
    // The fold did not learn reports that came after the arm started fresh, if their decision is older.
    const Sequence fresh = state->FreshSince(outcome->arm);
    const bool was_decided_before =
        outcome->decision_version > 0 && outcome->decision_version < fresh;
    if (event.sequence > fresh && was_decided_before) continue;
    text += outcome->query_text.size();
    page.outcomes.push_back({event.sequence, event.time, NameOf(*state, outcome->arm),
                             FeaturesOf(state->pool().settings, outcome->context),
                             std::move(*outcome)});
  }
  if (events.empty()) page.next = 0;
  return page;
}

}  // namespace pointsman::engine
