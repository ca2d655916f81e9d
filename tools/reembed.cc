#include "tools/reembed.h"

#include "domain/event.h"
#include "domain/outcome_fields.h"

namespace pointsman {
namespace {

// The outcome of a call after another report about it, which may add, correct or withdraw.
Outcome Merged(const v1::LoggedOutcome& logged, const Outcome& known) {
  OutcomeEvent event;
  event.before = known;
  event.outcome = OutcomeOf(logged);
  event.is_withdrawal = logged.is_withdrawn();
  return MergedOutcome(event);
}

}  // namespace

void OutcomeGatherer::Add(const v1::LoggedOutcome& logged) {
  if (arms_.count(logged.arm()) == 0) {
    ++of_other_arms_;
  } else if (Outcome* outcome = Find(logged); outcome != nullptr) {
    *outcome = Merged(logged, *outcome);
  } else {
    ++without_text_;
  }
}

// Null if the query is unknown. Its text comes with the first outcome of a decision and call.
Outcome* OutcomeGatherer::Find(const v1::LoggedOutcome& logged) {
  const Call call{logged.decision_id(), logged.arm(), logged.attempt()};
  if (const auto known = places_.find(call); known != places_.end()) {
    const Place& place = known->second;
    return &queries_[place.weight][place.query].outcomes[place.outcome].outcome;
  }
  if (logged.query_text().empty()) return nullptr;
  std::vector<ImportedQuery>& queries = queries_[logged.weight()];
  const auto [at, is_new] = query_of_.try_emplace(
      {logged.decision_id(), logged.weight(), logged.attempt()}, queries.size());
  if (is_new) {
    ImportedQuery query;
    query.index = queries.size();
    query.query = logged.query_text();
    query.features.assign(logged.features().begin(), logged.features().end());
    queries.push_back(std::move(query));
  }
  ImportedQuery& query = queries[at->second];
  query.outcomes.push_back({logged.arm(), {}});
  places_[call] = {logged.weight(), at->second, query.outcomes.size() - 1};
  return &query.outcomes.back().outcome;
}

void OutcomeGatherer::LeaveOutWithdrawn() {
  places_.clear();
  query_of_.clear();
  for (auto& [weight, queries] : queries_) {
    for (ImportedQuery& query : queries) {
      std::erase_if(query.outcomes,
                    [](const ImportedOutcome& known) { return known.outcome.empty(); });
    }
    std::erase_if(queries, [](const ImportedQuery& query) { return query.outcomes.empty(); });
    for (std::size_t i = 0; i < queries.size(); ++i) queries[i].index = i;
  }
  std::erase_if(queries_, [](const auto& of_weight) { return of_weight.second.empty(); });
}

}  // namespace pointsman
