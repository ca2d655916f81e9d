#include "engine/route/routing.h"

#include <exception>
#include <functional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

const std::shared_ptr<const learners::LearnedState>& Pin(
    const PoolRuntime& pool,
    std::map<const PoolRuntime*, std::shared_ptr<const learners::LearnedState>>& pinned) {
  std::shared_ptr<const learners::LearnedState>& state = pinned[&pool];
  if (state == nullptr) state = pool.state();
  return state;
}

// The answer to a request that was just decided.
RouteOutput AnswerOf(const learners::LearnedState& state, const Decision& decision, Decided decided,
                     bool explain, bool logged) {
  RouteOutput output = Answer(state, decision, explain, logged);
  output.notes = std::move(decided.notes);
  output.not_candidates = std::move(decided.not_candidates);
  return output;
}

}  // namespace

absl::StatusOr<PreparedQuery> Routing::Prepare(RouteInput input) const {
  RETURN_IF_ERROR(ValidateRoute(input, limits_.Get()));
  PreparedQuery query;
  ASSIGN_OR_RETURN(query.pool, pools_.Find(input.pool));
  query.input = std::move(input);
  return query;
}

absl::StatusOr<Routing::Made> Routing::MakeFresh(const PreparedQuery& query, Pinned& pinned) {
  Made made;
  made.pool = query.pool.get();
  made.state = Pin(*made.pool, pinned);
  const Micros now = clock_.Now();
  ASSIGN_OR_RETURN(made.decided,
                   Decide(*made.pool, *made.state, query.input,
                          {ids_.Next(made.pool->id(), now), storage_.log->secret(), now}));
  return made;
}

absl::StatusOr<RouteOutput> Routing::RouteNamed(const PreparedQuery& query, Pinned& pinned) {
  const RouteInput& input = query.input;
  PoolRuntime* const pool = query.pool.get();
  const learners::LearnedState& state = *Pin(*pool, pinned);
  // Concurrent duplicates wait here for the first one, a few dozen microseconds.
  MutexLock lock(duplicates_[std::hash<std::string>{}(input.decision_id) % duplicates_.size()]);
  const auto recorded = storage_.decisions->Get(pool->id(), input.decision_id);
  if (!recorded.ok() || !recorded->has_value() || HasExpired(**recorded)) {
    Decided decided;
    ASSIGN_OR_RETURN(decided, Decide(*pool, state, input,
                                     {input.decision_id, storage_.log->secret(), clock_.Now()}));
    const Decision decision = std::move(decided.decision);
    // A record that cannot be read may still exist. So decide, but do not overwrite it.
    const bool logged = recorded.ok() && Put(decision).ok();
    pool->CountDecision(decision);
    return AnswerOf(state, decision, std::move(decided), input.explain, logged);
  }
  if ((*recorded)->request_hash != RequestHash(input)) {
    return WithReason(
        absl::AlreadyExistsError(Cat("decision_id: ", Quoted(input.decision_id),
                                     " was used for another request; use a fresh id")),
        reason::kDecisionIdReused, "decision_id");
  }
  RouteOutput output = Answer(*pool->state(), **recorded, input.explain, true);
  output.notes = NotesOn(*pool, state, input);
  return output;
}

absl::StatusOr<RouteOutput> Routing::Preview(const PreparedQuery& query, Pinned& pinned) {
  const RouteInput& input = query.input;
  PoolRuntime* const pool = query.pool.get();
  const learners::LearnedState& state = *Pin(*pool, pinned);
  const Micros now = clock_.Now();
  const std::string id =
      input.decision_id.empty() ? preview_ids_.Next(pool->id(), now) : input.decision_id;
  Decided decided;
  ASSIGN_OR_RETURN(decided, Decide(*pool, state, input, {id, storage_.log->secret(), now}));
  const Decision decision = std::move(decided.decision);
  RouteOutput output =
      AnswerOf(state, decision, std::move(decided), input.explain, /*logged=*/false);
  output.decision_id = input.decision_id;
  return output;
}

std::vector<absl::StatusOr<RouteOutput>> Routing::Route(std::span<const PreparedQuery> queries) {
  try {
    return RouteTogether(queries);
  } catch (const std::exception& e) {
    return {queries.size(), absl::InternalError(e.what())};
  }
}

std::vector<absl::StatusOr<RouteOutput>> Routing::RouteTogether(
    std::span<const PreparedQuery> queries) {
  std::vector<absl::StatusOr<RouteOutput>> outputs;
  outputs.reserve(queries.size());
  Pinned pinned;
  std::vector<Made> made;
  std::vector<Decision> decisions;  // of `made`
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (queries[i].input.mode == Mode::kPreview) {
      outputs.push_back(Preview(queries[i], pinned));
      continue;
    }
    // A query with the caller's own id may be a duplicate, even of one in this batch, so it is recorded at
    // once.
    if (!queries[i].input.decision_id.empty()) {
      outputs.push_back(RouteNamed(queries[i], pinned));
      continue;
    }
    auto fresh = MakeFresh(queries[i], pinned);
    if (!fresh.ok()) {
      outputs.push_back(fresh.status());
      continue;
    }
    outputs.push_back(RouteOutput{});
    decisions.push_back(std::move(fresh->decided.decision));
    made.push_back(*std::move(fresh));
    made.back().query = i;
  }
  const std::vector<bool> logged = Record(decisions);
  for (std::size_t j = 0; j < made.size(); ++j) {
    made[j].pool->CountDecision(decisions[j]);
    outputs[made[j].query] = AnswerOf(*made[j].state, decisions[j], std::move(made[j].decided),
                                      queries[made[j].query].input.explain, logged[j]);
  }
  return outputs;
}

absl::Status Routing::Put(const Decision& decision) {
  RETURN_IF_ERROR(health_.Note(storage_.decisions->Put(decision, storage::Durability::kProcess)));
  on_recorded_({&decision, 1});
  return absl::OkStatus();
}

// Records all decisions in one write. If that fails, records them one by one, so that one unsound decision does
// not keep the others from being recorded.
std::vector<bool> Routing::Record(const std::vector<Decision>& decisions) {
  std::vector<bool> logged(decisions.size(), true);
  if (decisions.size() > 1 &&
      storage_.decisions->PutBatch(decisions, storage::Durability::kProcess).ok()) {
    on_recorded_(decisions);
    return logged;
  }
  for (std::size_t i = 0; i < decisions.size(); ++i) logged[i] = Put(decisions[i]).ok();
  return logged;
}

bool Routing::HasExpired(const Decision& decision) const {
  return decision.time + limits_.Get().decision_ttl_s * kMicrosPerSecond <= clock_.Now();
}

}  // namespace pointsman::engine
