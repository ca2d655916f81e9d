#include "tools/reembed.h"

#include <utility>

#include "domain/event.h"
#include "domain/outcome_fields.h"

namespace pointsman::tools {
namespace {

// The outcome of a call after another report about it, which may add, correct or withdraw.
Outcome Merged(const v1::LoggedOutcome& logged, const Outcome& known) {
  OutcomeEvent event;
  event.before = known;
  event.outcome = OutcomeOf(logged);
  event.is_withdrawal = logged.is_withdrawn();
  return MergedOutcome(event);
}

// The living arms, and every arm whose figures reached one of them by inheritance, at any remove.
std::set<std::string> ArmsNeeded(const std::vector<RelearnStep>& steps,
                                 const std::set<std::string>& living) {
  std::set<std::string> needed = living;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    for (auto reset = step->resets.rbegin(); reset != step->resets.rend(); ++reset) {
      const bool inherits = !reset->inherit_from().empty();
      if (inherits && needed.contains(reset->arm())) needed.insert(reset->inherit_from());
    }
  }
  return needed;
}

void LeaveOut(RelearnStep& step, const std::set<std::string>& needed) {
  std::erase_if(step.resets,
                [&](const v1::LoggedReset& reset) { return !needed.contains(reset.arm()); });
  for (auto& [weight, queries] : step.by_weight) {
    for (engine::ImportedQuery& query : queries) {
      std::erase_if(query.outcomes, [&](const engine::ImportedOutcome& known) {
        return known.outcome.empty() || !needed.contains(known.arm);
      });
    }
    std::erase_if(queries,
                  [](const engine::ImportedQuery& query) { return query.outcomes.empty(); });
    for (std::size_t i = 0; i < queries.size(); ++i) queries[i].index = i;
  }
  std::erase_if(step.by_weight, [](const auto& of_weight) { return of_weight.second.empty(); });
}

}  // namespace

void OutcomeGatherer::Add(const v1::ListOutcomesResponse& page) {
  auto reset = page.resets().begin();
  for (const v1::LoggedOutcome& outcome : page.outcomes()) {
    for (; reset != page.resets().end() && reset->sequence() < outcome.sequence(); ++reset) {
      Add(*reset);
    }
    Add(outcome);
  }
  for (; reset != page.resets().end(); ++reset) Add(*reset);
}

void OutcomeGatherer::Add(const v1::LoggedReset& reset) {
  if (!steps_.back().by_weight.empty()) {
    steps_.emplace_back();
    query_of_.clear();
  }
  steps_.back().resets.push_back(reset);
}

void OutcomeGatherer::Add(const v1::LoggedOutcome& logged) {
  ++reports_of_[logged.arm()];
  if (Outcome* outcome = Find(logged); outcome != nullptr) {
    *outcome = Merged(logged, *outcome);
  } else {
    ++without_text_of_[logged.arm()];
  }
}

// Null if the query is unknown. Its text comes with the first outcome of a decision and call.
Outcome* OutcomeGatherer::Find(const v1::LoggedOutcome& logged) {
  const Call call{logged.decision_id(), logged.arm(), logged.attempt()};
  if (const auto known = places_.find(call); known != places_.end()) {
    const Place& place = known->second;
    engine::ImportedQuery& query = steps_[place.step].by_weight[place.weight][place.query];
    return &query.outcomes[place.outcome].outcome;
  }
  if (logged.query_text().empty()) return nullptr;
  std::vector<engine::ImportedQuery>& queries = steps_.back().by_weight[logged.weight()];
  const auto [at, is_new] = query_of_.try_emplace(
      {logged.decision_id(), logged.weight(), logged.attempt()}, queries.size());
  if (is_new) {
    engine::ImportedQuery query;
    query.query = logged.query_text();
    query.features.assign(logged.features().begin(), logged.features().end());
    queries.push_back(std::move(query));
  }
  engine::ImportedQuery& query = queries[at->second];
  query.outcomes.push_back({logged.arm(), {}});
  places_[call] = {steps_.size() - 1, logged.weight(), at->second, query.outcomes.size() - 1};
  return &query.outcomes.back().outcome;
}

Relearning OutcomeGatherer::Finish(const std::set<std::string>& living) {
  places_.clear();
  query_of_.clear();
  Relearning out;
  const std::set<std::string> needed = ArmsNeeded(steps_, living);
  for (const std::string& arm : needed) {
    if (!living.contains(arm)) out.removed_sources.insert(arm);
  }
  for (RelearnStep& step : steps_) LeaveOut(step, needed);
  for (const auto& [arm, reports] : reports_of_) {
    if (!needed.contains(arm)) out.of_other_arms += reports;
  }
  for (const auto& [arm, reports] : without_text_of_) {
    if (needed.contains(arm)) out.without_text += reports;
  }
  out.steps = std::move(steps_);
  return out;
}

}  // namespace pointsman::tools
