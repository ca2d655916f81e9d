#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/engine_impl.h"
#include "engine/inspect/decision_search.h"
#include "engine/inspect/inspection.h"
#include "engine/inspect/query_groups.h"
#include "engine/inspect/try_query.h"
#include "engine/pool/embedder_trial.h"
#include "engine/request/query_text.h"

namespace pointsman::engine {
namespace {

// The edit that puts this arm as it is.
ArmEdit WholeArm(Arm arm) {
  ArmEdit edit;
  edit.name = arm.name;
  edit.edit = [arm = std::move(arm)](const Arm&) { return absl::StatusOr<Arm>(arm); };
  return edit;
}

}  // namespace

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() { Stop(); }

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options,
                                                     storage::Storage storage, const Clock& clock) {
  auto impl = std::make_unique<Impl>(options, std::move(storage), clock);
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

void Engine::Route(RouteInput input, Done<RouteOutput> done) {
  impl_->Route(std::move(input), std::move(done));
}

void Engine::RouteBatch(std::vector<RouteInput> inputs,
                        std::function<void(std::vector<absl::StatusOr<RouteOutput>>)> done) {
  impl_->RouteBatch(std::move(inputs), std::move(done));
}

absl::StatusOr<RouteOutput> Engine::Route(const RouteInput& input) {
  return std::move(RouteBatch({&input, 1}).front());
}

std::vector<absl::StatusOr<RouteOutput>> Engine::RouteBatch(std::span<const RouteInput> inputs) {
  using Outputs = std::vector<absl::StatusOr<RouteOutput>>;
  return *Await<Outputs>([&](auto done) {
    impl_->RouteBatch({inputs.begin(), inputs.end()},
                      [done = std::move(done)](Outputs outputs) { done(std::move(outputs)); });
  });
}

void Engine::StopEmbedding() { impl_->embedders_.Stop(); }

void Engine::Feedback(FeedbackInput input, Done<FeedbackOutput> done) {
  impl_->Feedback(std::move(input), std::move(done));
}

void Engine::Import(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done) {
  impl_->Import(std::move(plan), std::move(chunk), std::move(done));
}

void Engine::PutPool(std::string name, EditSettings edit, std::vector<Arm> arms, bool create_only,
                     Done<PutPoolOutput> done) {
  PoolEdit pool;
  pool.name = std::move(name);
  pool.edit = std::move(edit);
  for (Arm& arm : arms) pool.arms.push_back(WholeArm(std::move(arm)));
  pool.create_only = create_only;
  PutPool(std::move(pool), "", std::move(done));
}

void Engine::PutPool(PoolEdit edit, std::string by, Done<PutPoolOutput> done) {
  const auto remote = impl_->RemoteOfNewPool(edit.name, edit.edit);
  if (!remote.ok()) return done(remote.status());
  if (*remote == nullptr) return impl_->PutPool(std::move(edit), std::move(by), std::move(done));
  // The embedder's dimension is known once it has answered. No pool is made on an embedder that does not
  // answer.
  (*remote)->Try({retrieval::RemoteEmbedder::kProbeText}, [this, remote = *remote, edit, by,
                                                           done](const auto& trial) {
    if (!trial.ok()) {
      return done(WithReason(
          absl::UnavailableError(Cat("pool ", Quoted(edit.name),
                                     " was not created: ", ToStd(trial.status().message()))),
          reason::kEmbedderUnavailable, "settings.embedder.endpoint"));
    }
    const auto dimension = static_cast<uint32_t>(trial->embeddings.front()->size());
    PoolEdit completed = edit;
    completed.edit =
        [=, wanted_of = edit.edit](const PoolSettings& present) -> absl::StatusOr<PoolSettings> {
      ASSIGN_OR_RETURN(PoolSettings wanted, wanted_of(present));
      if (wanted.embedder.name != kRemoteEmbedder) return wanted;
      ASSIGN_OR_RETURN(wanted.embedder,
                       WithEndpoint(wanted.embedder, remote->endpoint(), dimension));
      return wanted;
    };
    impl_->PutPool(std::move(completed), by, done);
  });
}

void Engine::DeletePool(std::string name, Done<bool> done) {
  impl_->SubmitAlone<bool>(
      [this, name = std::move(name)]() -> absl::StatusOr<bool> {
        RETURN_IF_ERROR(impl_->pool_commands_.DeletePool(name));
        return true;
      },
      std::move(done));
}

void Engine::PutArm(std::string pool, Arm arm, Done<PutArmOutput> done) {
  PutArm(std::move(pool), WholeArm(std::move(arm)), "", std::move(done));
}

void Engine::PutArm(std::string pool, ArmEdit edit, std::string by, Done<PutArmOutput> done) {
  impl_->Submit<PutArmOutput>(
      [this, pool = std::move(pool), edit = std::move(edit), by = std::move(by)](Turn& turn) {
        return impl_->pool_commands_.StagePutArm(turn, pool, edit, by);
      },
      std::move(done));
}

void Engine::RemoveArm(std::string pool, std::string arm, std::string by, Done<bool> done) {
  impl_->Submit<bool>(
      [this, pool = std::move(pool), arm = std::move(arm), by = std::move(by)](Turn& turn) {
        return impl_->pool_commands_.StageRemoveArm(turn, pool, arm, by);
      },
      std::move(done));
}

void Engine::UndoImport(std::string pool, std::string import_id, Done<UndoOutput> done) {
  impl_->Submit<UndoOutput>(
      [this, pool = std::move(pool),
       import_id = std::move(import_id)](Turn& turn) -> absl::StatusOr<UndoOutput> {
        std::shared_ptr<PoolRuntime> runtime;
        ASSIGN_OR_RETURN(runtime, impl_->pools_.Find(pool));
        return StageUndo(turn, runtime, *impl_->storage_.log, import_id);
      },
      std::move(done));
}

void Engine::Backup(std::string folder, Done<storage::BackupInfo> done) {
  impl_->RunAside<storage::BackupInfo>(
      [this, folder = std::move(folder)] { return storage::MakeBackup(impl_->storage_, folder); },
      std::move(done));
}

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

void Engine::GetStatsWithChecksum(std::string name, Done<PoolStatistics> done) const {
  impl_->RunAside<PoolStatistics>(
      [this, name = std::move(name)]() -> absl::StatusOr<PoolStatistics> {
        std::shared_ptr<PoolRuntime> pool;
        ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
        return pool->Statistics(impl_->clock_.Now(), /*with_checksum=*/true, {});
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

const Limits& Engine::limits() const { return impl_->limits_.Get(); }

std::vector<std::string> Engine::ChangeLimits(const Limits& wanted) {
  Limits limits = impl_->limits_.Get();
  std::vector<std::string> refused;
  for (const LimitRow& row : LimitTable()) {
    if (limits.*row.field == wanted.*row.field) continue;
    if (row.is_live) {
      limits.*row.field = wanted.*row.field;
    } else {
      refused.emplace_back(row.name);
    }
  }
  impl_->limits_.Set(limits);
  return refused;
}

absl::Status Engine::SnapshotHealth() const { return impl_->snapshots_.status(); }
absl::Status Engine::StorageHealth() const { return impl_->health_.status(); }
uint64_t Engine::StorageErrors() const { return impl_->health_.failures(); }
std::size_t Engine::QueueDepth() const { return impl_->writer_->queue_depth(); }
void Engine::Stop() { impl_->Stop(); }

}  // namespace pointsman::engine
