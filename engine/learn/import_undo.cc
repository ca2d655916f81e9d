#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/learn/feedback_commands.h"
#include "engine/learn/import.h"
#include "engine/request/requests.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kEventsAtOnce = 4096;

// The import's first event of each query and arm, in the order of the log.
absl::StatusOr<std::vector<OutcomeEvent>> EventsOf(const storage::EventLog& log, PoolId pool,
                                                   Sequence first, const std::string& prefix) {
  std::vector<OutcomeEvent> found;
  while (true) {
    std::vector<Event> events;
    ASSIGN_OR_RETURN(events, log.ReadEvents(pool, first, kEventsAtOnce));
    if (events.empty()) return found;
    for (Event& event : events) {
      auto* outcome = std::get_if<OutcomeEvent>(&event.body);
      if (outcome == nullptr || !outcome->is_first || !outcome->is_learned) continue;
      if (outcome->decision_id.starts_with(prefix)) found.push_back(std::move(*outcome));
    }
    first = events.back().sequence + 1;
  }
}

// Whether the import's first query is among the events.
bool HasBeginning(const std::vector<OutcomeEvent>& events, const std::string& prefix) {
  for (const OutcomeEvent& event : events) {
    if (event.decision_id == prefix + "0") return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<UndoOutput> StageUndo(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                     const storage::EventLog& log, const std::string& import_id) {
  const std::string prefix = Cat(kImportIdPrefix, import_id, ":");
  Sequence first = 0;
  ASSIGN_OR_RETURN(first, log.FirstSequence(pool->id()));
  std::vector<OutcomeEvent> events;
  ASSIGN_OR_RETURN(events, EventsOf(log, pool->id(), std::max<Sequence>(first, 1), prefix));
  if (events.empty()) {
    return WithReason(NotFound("import_id: the log of pool ", Quoted(pool->name()),
                               " has no import ", Quoted(import_id),
                               first > 1 ? " (any more: older events were compacted away)" : ""),
                      reason::kImportUnknown, "import_id");
  }
  if (first > 1 && !HasBeginning(events, prefix)) {
    return WithReason(
        FailedPrecondition("import_id: the log of pool ", Quoted(pool->name()),
                           " begins with event ", first, ", but part of import ", Quoted(import_id),
                           " is older and no longer in the log, so it cannot be undone completely"),
        reason::kImportNotUndone, "import_id");
  }
  UndoOutput output;
  std::set<std::string> queries;
  for (OutcomeEvent& event : events) {
    const storage::FeedbackKey key{pool->id(), event.decision_id, event.arm};
    std::optional<storage::FeedbackRecord> record;
    ASSIGN_OR_RETURN(record, turn.ReadFeedback(key));
    // Records expire. Without one, the event itself says what was learned.
    const Outcome learned = record ? record->learned : event.outcome;
    if (learned.empty()) continue;  // already undone
    OutcomeEvent undone = event;
    undone.before = undone.corrects = learned;
    undone.outcome = {};
    undone.query_text.clear();
    undone.is_first = false;
    undone.is_withdrawal = true;
    undone.feedback_id = "undo";
    if (record) undone.anchor = record->anchor;
    if (!undone.anchor) undone.anchor = Anchor{};
    if (record) undone.decision_time = record->decision_time;
    output.sequence = turn.Append(pool, std::move(undone));
    ++output.outcomes;
    if (queries.insert(event.decision_id).second) ++output.queries;
  }
  return output;
}

}  // namespace pointsman::engine
