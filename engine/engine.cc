#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/engine_impl.h"

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
  if (options.replica.log != nullptr) {
    RETURN_IF_ERROR(JoinSharedLog(options.replica, *storage.log, clock).status());
  } else {
    ASSIGN_OR_RETURN(const storage::AppliedMark mark, storage.log->ReadApplied());
    if (mark.position > 0) {
      return FailedPrecondition(
          "this data folder belongs to a replica: alone, it would learn what the others do not; "
          "start it with `replicas` "
          "in the config, or use another folder");
    }
  }
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
  impl_->DeletePool(std::move(name), std::move(done));
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

absl::StatusOr<std::size_t> Engine::FollowSharedLog(std::size_t count_max) {
  if (impl_->reader_ == nullptr) return FailedPrecondition("this engine shares no log");
  if (impl_->sharing_ != nullptr) {
    RETURN_IF_ERROR(impl_->sharing_->Receive(std::chrono::milliseconds(0)).status());
  }
  return impl_->reader_->FoldNow(count_max);
}

void Engine::TickReplica() {
  impl_->OnWriter([this] { impl_->replica_->Tick(impl_->clock_.Now()); });
}

std::optional<ReplicaFigures> Engine::Replication() const {
  if (impl_->replica_ == nullptr) return std::nullopt;
  return impl_->replica_->figures();
}

void Engine::Stop() { impl_->Stop(); }

}  // namespace pointsman::engine
