#include "tools/reembed.h"

#include "base/outcome_fields.h"

namespace pointsman {
namespace {

// The fields that are told over those that were.
void Override(const Outcome& told, Outcome& known) {
  if (told.quality) known.quality = told.quality;
  if (told.latency_ms) known.latency_ms = told.latency_ms;
  if (told.cost_usd) known.cost_usd = told.cost_usd;
  if (told.input_tokens) known.input_tokens = told.input_tokens;
  if (told.output_tokens) known.output_tokens = told.output_tokens;
  if (told.error) known.error = told.error;
}

}  // namespace

void OutcomeGatherer::Add(const v1::LoggedOutcome& logged) {
  if (arms_.count(logged.arm()) == 0) {
    ++of_other_arms_;
  } else if (Outcome* outcome = Find(logged); outcome != nullptr) {
    Override(OutcomeOf(logged), *outcome);
  } else {
    ++without_text_;
  }
}

// Null if the query is not known.
Outcome* OutcomeGatherer::Find(const v1::LoggedOutcome& logged) {
  const auto known = places_.find({logged.decision_id(), logged.arm()});
  if (known != places_.end()) {
    const Place& place = known->second;
    return &queries_[place.weight][place.query].outcomes[place.outcome].outcome;
  }
  if (logged.query_text().empty()) return nullptr;
  std::vector<ImportedQuery>& queries = queries_[logged.weight()];
  const auto [at, is_new] =
      query_of_.try_emplace({logged.decision_id(), logged.weight()}, queries.size());
  if (is_new) {
    ImportedQuery query;
    query.index = queries.size();
    query.query = logged.query_text();
    query.features.assign(logged.features().begin(), logged.features().end());
    queries.push_back(std::move(query));
  }
  ImportedQuery& query = queries[at->second];
  query.outcomes.push_back({logged.arm(), {}});
  places_[{logged.decision_id(), logged.arm()}] = {logged.weight(), at->second,
                                                   query.outcomes.size() - 1};
  return &query.outcomes.back().outcome;
}

}  // namespace pointsman
