#include "engine/inspect/past_query.h"

#include <optional>
#include <utility>

#include "base/status_macros.h"

namespace pointsman::engine {

absl::StatusOr<PastQuery> FindPastQuery(const PoolRuntime& pool, const storage::Storage& storage,
                                        Sequence first, Sequence sequence) {
  PastQuery past;
  if (first == 0 || sequence < first) return past;
  ASSIGN_OR_RETURN(auto events, storage.log->ReadEvents(pool.id(), sequence, 1));
  if (events.empty()) return past;
  auto* outcome = std::get_if<OutcomeEvent>(&events.front().body);
  if (outcome == nullptr) return past;
  past.time = events.front().time;
  past.decision_id = std::move(outcome->decision_id);
  past.text = std::move(outcome->query_text);
  if (!past.text.empty() || !pool.state()->pool().settings.store_query_text) return past;
  std::optional<Decision> decision;
  ASSIGN_OR_RETURN(decision, storage.decisions->Get(pool.id(), past.decision_id));
  if (decision && decision->time == outcome->decision_time) {
    past.text = std::move(decision->query_text);
  }
  return past;
}

}  // namespace pointsman::engine
