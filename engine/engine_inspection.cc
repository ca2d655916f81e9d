// The part of the engine for inspection (inspection_path.h).
#include <algorithm>
#include <utility>

#include "engine/engine_impl.h"
#include "engine/inspect/compare_policies.h"
#include "engine/inspect/decision_search.h"
#include "engine/inspect/inspection.h"
#include "engine/inspect/query_groups.h"
#include "engine/inspect/recomputed.h"
#include "engine/inspect/try_query.h"
#include "engine/pool/embedder_trial.h"
#include "engine/request/query_text.h"

namespace pointsman::engine {

std::vector<PoolInfo> Engine::ListPools() const {
  const auto pools = impl_->pools_.all();
  std::vector<PoolInfo> infos;
  for (const auto& [name, pool] : *pools) infos.push_back(InfoOf(*pool));
  return infos;
}

absl::StatusOr<PoolInfo> Engine::GetPool(std::string_view name) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return InfoOf(*pool);
}

absl::StatusOr<std::vector<Arm>> Engine::ListArms(std::string_view name, ArmId first,
                                                  std::size_t count_max, bool include_removed,
                                                  std::string_view name_contains) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  const auto state = pool->state();
  std::vector<Arm> arms;
  for (std::size_t i = Index(first); i < state->arm_count() && arms.size() < count_max; ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm == nullptr || (!include_removed && arm->status == ArmStatus::kRemoved)) continue;
    if (ContainsIgnoringCase(arm->name, name_contains)) arms.push_back(*arm);
  }
  return arms;
}

absl::StatusOr<PoolStatistics> Engine::GetStats(std::string_view name,
                                                const ArmFilter& arms) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return pool->Statistics(impl_->clock_.Now(), /*with_checksum=*/false, arms);
}

void Engine::GetStatsWithChecksum(std::string name, ArmFilter arms,
                                  Done<PoolStatistics> done) const {
  impl_->RunAside<PoolStatistics>(
      [this, name = std::move(name), arms = std::move(arms)]() -> absl::StatusOr<PoolStatistics> {
        std::shared_ptr<PoolRuntime> pool;
        ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
        return pool->Statistics(impl_->clock_.Now(), /*with_checksum=*/true, arms);
      },
      std::move(done));
}

void Engine::MeasureRecall(std::string name, std::vector<std::string> queries,
                           Done<RecallFigures> done) const {
  const int64_t most = impl_->limits_.Get().batch_items_max;
  if (static_cast<int64_t>(queries.size()) > most) {
    return done(
        WithReason(InvalidArgument("queries: ", queries.size(), " queries exceed the limit of ",
                                   most, " (batch_items_max)"),
                   reason::kLimit, "queries"));
  }
  std::vector<PreparedQuery> prepared;
  for (std::string& query : queries) {
    RouteInput input;
    input.pool = name;
    input.query = std::move(query);
    auto one = impl_->routing_.Prepare(std::move(input));
    if (!one.ok()) return done(one.status());
    prepared.push_back(*std::move(one));
  }
  EmbedQueries(std::move(prepared),
               [this, name, done = std::move(done)](std::vector<PreparedQuery> embedded) {
                 std::vector<RouteInput> inputs;
                 for (PreparedQuery& query : embedded) inputs.push_back(std::move(query.input));
                 impl_->RunAside<RecallFigures>(
                     [this, name, inputs = std::move(inputs)]() -> absl::StatusOr<RecallFigures> {
                       std::shared_ptr<PoolRuntime> pool;
                       ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
                       return engine::MeasureRecall(*pool, inputs);
                     },
                     done);
               });
}

void Engine::TryEmbedder(std::string endpoint, std::vector<std::string> texts,
                         Done<EmbedderFigures> done) const {
  const auto embedder = impl_->FindEmbedder(endpoint);
  if (!embedder.ok()) return done(embedder.status());
  constexpr std::size_t kTextsMax = 64;
  if (texts.empty() || texts.size() > kTextsMax) {
    return done(BadField("texts", Cat("must be 1 to ", kTextsMax, ", got ", texts.size())));
  }
  const Limits& limits = impl_->limits_.Get();
  for (std::string& text : texts) {
    RouteInput input;
    input.query = text;
    if (auto status = ValidateRoute(input, limits); !status.ok()) return done(status);
    text = HeadAndTail(text, static_cast<std::size_t>(limits.query_bytes_max));
  }
  engine::TryEmbedder(
      **embedder, std::move(texts),
      [done = std::move(done)](absl::StatusOr<EmbedderFigures> figures) {
        if (figures.ok()) return done(std::move(figures));
        done(WithReason(figures.status(), reason::kEmbedderUnavailable, "endpoint"));
      });
}

std::vector<retrieval::RemoteStatistics> Engine::EmbedderStatistics() const {
  return impl_->embedders_.statistics();
}

absl::StatusOr<Explanation> Engine::Explain(std::string_view name, std::string_view id) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return engine::Explain(*pool, impl_->storage_, id);
}

absl::StatusOr<OutcomePage> Engine::ReadOutcomes(std::string_view name, Sequence first,
                                                 std::size_t events_max) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return engine::ReadOutcomes(*pool, *impl_->storage_.log, first, events_max);
}

absl::StatusOr<uint64_t> Engine::StateChecksum(std::string_view name) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return pointsman::learners::StateChecksum(*pool->state());
}

absl::StatusOr<History> Engine::GetHistory(std::string_view name, Micros span) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return pool->ReadHistory(span, impl_->clock_.Now());
}

void Engine::ListDecisions(std::string pool, DecisionQuery query, Done<DecisionPage> done) const {
  impl_->AskPool<DecisionPage>(
      std::move(pool),
      [this, query = std::move(query)](const PoolRuntime& runtime) {
        return SearchDecisions(runtime, impl_->storage_, query, impl_->clock_.Now());
      },
      std::move(done));
}

void Engine::TryPreferences(std::string pool, std::vector<Preference> preferences,
                            uint32_t decisions, Done<TriedPreferences> done) const {
  impl_->AskPool<TriedPreferences>(
      std::move(pool),
      [this, preferences = std::move(preferences), decisions](const PoolRuntime& runtime) {
        return engine::TryPreferences(runtime, *impl_->storage_.decisions, preferences, decisions);
      },
      std::move(done));
}

void Engine::TryQuery(RouteInput input, uint32_t neighbours, Done<TriedQuery> done) const {
  input.mode = Mode::kPreview;
  input.explain = true;
  auto prepared = impl_->routing_.Prepare(std::move(input));
  if (!prepared.ok()) return done(prepared.status());
  std::vector<PreparedQuery> one;
  one.push_back(*std::move(prepared));
  EmbedQueries(std::move(one), [this, neighbours,
                                done = std::move(done)](std::vector<PreparedQuery> embedded) {
    auto shared = std::make_shared<const std::vector<PreparedQuery>>(std::move(embedded));
    const std::string pool = shared->front().input.pool;
    impl_->AskPool<TriedQuery>(
        pool,
        [this, shared, neighbours](const PoolRuntime& runtime) -> absl::StatusOr<TriedQuery> {
          RouteOutput output;
          ASSIGN_OR_RETURN(output, std::move(impl_->routing_.Route(*shared).front()));
          return ExplainPreview(runtime, impl_->storage_, shared->front().input, std::move(output),
                                neighbours);
        },
        done);
  });
}

void Engine::ListQueryGroups(std::string pool, uint32_t groups, Done<QueryGroups> done) const {
  impl_->AskPool<QueryGroups>(
      std::move(pool),
      [this, groups](const PoolRuntime& runtime) {
        return GroupQueries(runtime, impl_->storage_, groups);
      },
      std::move(done));
}

void Engine::ComparePolicies(std::string pool, PolicyQuestion question,
                             Done<PolicyComparison> done) const {
  impl_->AskPool<PolicyComparison>(
      std::move(pool),
      [this, question = std::move(question)](const PoolRuntime& runtime) {
        return engine::ComparePolicies(runtime, impl_->storage_, question);
      },
      std::move(done));
}

void Engine::RecomputeDecision(std::string pool, std::string decision_id,
                               Done<Recomputed> done) const {
  impl_->AskPool<Recomputed>(
      std::move(pool),
      [this, id = std::move(decision_id)](const PoolRuntime& runtime) {
        return engine::RecomputeDecision(runtime, impl_->storage_, id);
      },
      std::move(done));
}

std::vector<PoolLogFigures> Engine::LogFigures() const {
  const auto pools = impl_->pools_.all();
  std::vector<PoolLogFigures> all;
  for (const auto& [name, pool] : *pools) {
    PoolLogFigures figures{.pool = pool->name(), .sequence = pool->state()->version()};
    figures.experience = pool->experience().size();
    // What cannot be read is shown as nothing; StorageHealth says why.
    figures.first = impl_->storage_.log->FirstSequence(pool->id()).value_or(0);
    const auto snapshots = impl_->storage_.log->ListSnapshots(pool->id());
    if (snapshots.ok() && !snapshots->empty()) figures.snapshot = snapshots->front();
    all.push_back(std::move(figures));
  }
  return all;
}

absl::Status Engine::SnapshotHealth() const { return impl_->snapshots_.status(); }
absl::Status Engine::StorageHealth() const { return impl_->health_.status(); }
uint64_t Engine::StorageErrors() const { return impl_->health_.failures(); }
std::size_t Engine::QueueDepth() const { return impl_->writer_->queue_depth(); }

}  // namespace pointsman::engine
