#include "service/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "service/engine/commands.h"
#include "service/engine/decision_ids.h"
#include "service/engine/housekeeper.h"
#include "service/engine/import.h"
#include "service/engine/log_writer.h"
#include "service/engine/missing_feedback.h"
#include "service/engine/pool_table.h"
#include "service/engine/recall.h"
#include "service/engine/recovery.h"
#include "service/engine/routing.h"
#include "service/engine/validate.h"
#include "service/engine/write_health.h"

namespace pointsman {

class Engine::Impl {
 public:
  Impl(const EngineOptions& options, Storage storage, const Clock& clock)
      : options_(options),
        limits_(options.limits),
        clock_(clock),
        storage_(std::move(storage)),
        ids_(storage_.log->secret()),
        routing_(limits_, storage_, pools_, ids_, clock_, health_),
        commands_(options_, limits_, storage_, pools_, ids_, clock_),
        judge_(storage_, pools_, commands_),
        housekeeper_(options_.limits, options_.writing, *storage_.log, clock_, health_) {}

  absl::Status Start() {
    RETURN_IF_ERROR(ValidateLimits(options_.limits));
    std::vector<Turn::Evicted> evicted;
    ASSIGN_OR_RETURN(evicted, Recover(*storage_.log, options_.building, pools_));
    const auto pools = pools_.all();
    for (const auto& [name, pool] : *pools) {
      pool->NoteSnapshot(pool->state()->version(), clock_.Now());
    }
    writer_ = std::make_unique<LogWriter>(options_.limits, options_.writing, *storage_.log, clock_,
                                          health_, judge_, housekeeper_, std::move(evicted));
    return absl::OkStatus();
  }

  // Hands a command to the writer; `stage` answers the result if the turn commits.
  template <class T, class Stage>
  void Submit(Stage stage, Done<T> done) {
    auto shared_done = std::make_shared<Done<T>>(std::move(done));
    Command command;
    command.stage = [stage = std::move(stage), shared_done](Turn& turn) -> Completion {
      auto result = std::make_shared<absl::StatusOr<T>>(stage(turn));
      return [result, shared_done](const absl::Status& written) {
        if (result->ok() && !written.ok()) {
          (*shared_done)(written);
        } else {
          (*shared_done)(std::move(*result));
        }
      };
    };
    command.refuse = [shared_done](const absl::Status& why) { (*shared_done)(why); };
    writer_->Submit(std::move(command));
  }

  template <class T, class Act>
  void SubmitAlone(Act act, Done<T> done) {
    auto shared_done = std::make_shared<Done<T>>(std::move(done));
    Command command;
    command.alone = [this, act = std::move(act), shared_done] {
      absl::StatusOr<T> result = act();
      if (result.ok()) {
        (*shared_done)(std::move(result));
      } else {
        (*shared_done)(health_.Note(result.status()));
      }
    };
    command.refuse = [shared_done](const absl::Status& why) { (*shared_done)(why); };
    writer_->Submit(std::move(command));
  }

  // On the housekeeper's thread, between two snapshots.
  template <class T, class Act>
  void RunAside(Act act, Done<T> done) {
    auto shared_done = std::make_shared<Done<T>>(std::move(done));
    if (housekeeper_.Run([act = std::move(act), shared_done] { (*shared_done)(act()); })) return;
    (*shared_done)(WithReason(absl::UnavailableError("the server is stopping"), reason::kStopping));
  }

  void Feedback(FeedbackInput input, Done<FeedbackOutput> done) {
    if (auto status = ValidateFeedback(input, limits_.Get()); !status.ok()) {
      if (auto pool = pools_.Find(input.pool); pool.ok()) (*pool)->CountRefused();
      return done(status);
    }
    auto shared = std::make_shared<FeedbackInput>(std::move(input));
    auto counted = [this, shared, done = std::move(done)](absl::StatusOr<FeedbackOutput> result) {
      if (auto pool = pools_.Find(shared->pool); pool.ok()) {
        if (result.ok()) {
          (*pool)->CountFeedback(result->result);
        } else {
          (*pool)->CountRefused();
        }
      }
      done(std::move(result));
    };
    Submit<FeedbackOutput>(
        [this, shared](Turn& turn) { return commands_.StageFeedback(turn, *shared); },
        std::move(counted));
  }

  void Import(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done) {
    if (auto status = ValidateImport(plan, chunk, limits_.Get()); !status.ok()) {
      return done(status);
    }
    const auto shared_chunk = std::make_shared<const std::vector<ImportedQuery>>(std::move(chunk));
    Submit<ImportOutput>(
        [this, plan = std::move(plan), shared_chunk](Turn& turn) -> absl::StatusOr<ImportOutput> {
          std::shared_ptr<PoolRuntime> pool;
          ASSIGN_OR_RETURN(pool, pools_.Find(plan.pool));
          return StageImport(turn, pool, plan, *shared_chunk);
        },
        std::move(done));
  }

  void Stop() {
    if (is_stopped_.exchange(true) || writer_ == nullptr) return;
    writer_->Stop();
    const auto pools = pools_.all();
    for (const auto& [name, pool] : *pools) housekeeper_.Note(pool);
    housekeeper_.Stop();
  }

  const EngineOptions options_;
  LiveLimits limits_;
  const Clock& clock_;
  Storage storage_;
  PoolTable pools_;
  DecisionIds ids_;
  WriteHealth health_;
  Routing routing_;
  Commands commands_;
  MissingFeedbackJudge judge_;
  Housekeeper housekeeper_;
  std::unique_ptr<LogWriter> writer_;

 private:
  std::atomic<bool> is_stopped_{false};
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() { Stop(); }

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options, Storage storage,
                                                     const Clock& clock) {
  auto impl = std::make_unique<Impl>(options, std::move(storage), clock);
  RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

absl::StatusOr<RouteOutput> Engine::Route(const RouteInput& input) {
  return std::move(impl_->routing_.Route({&input, 1}).front());
}

std::vector<absl::StatusOr<RouteOutput>> Engine::RouteBatch(std::span<const RouteInput> inputs) {
  return impl_->routing_.Route(inputs);
}

void Engine::Feedback(FeedbackInput input, Done<FeedbackOutput> done) {
  impl_->Feedback(std::move(input), std::move(done));
}

void Engine::Import(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done) {
  impl_->Import(std::move(plan), std::move(chunk), std::move(done));
}

void Engine::PutPool(std::string name, EditSettings edit, std::vector<Arm> arms, bool create_only,
                     Done<std::pair<PoolInfo, bool>> done) {
  impl_->SubmitAlone<std::pair<PoolInfo, bool>>(
      [this, name = std::move(name), edit = std::move(edit), arms = std::move(arms), create_only] {
        return impl_->commands_.PutPool(name, edit, arms, create_only);
      },
      std::move(done));
}

void Engine::DeletePool(std::string name, Done<bool> done) {
  impl_->SubmitAlone<bool>(
      [this, name = std::move(name)]() -> absl::StatusOr<bool> {
        RETURN_IF_ERROR(impl_->commands_.DeletePool(name));
        return true;
      },
      std::move(done));
}

void Engine::PutArm(std::string pool, Arm arm, Done<std::pair<Arm, bool>> done) {
  impl_->Submit<std::pair<Arm, bool>>(
      [this, pool = std::move(pool), arm = std::move(arm)](Turn& turn) {
        return impl_->commands_.StagePutArm(turn, pool, arm);
      },
      std::move(done));
}

void Engine::RemoveArm(std::string pool, std::string arm, Done<bool> done) {
  impl_->Submit<bool>([this, pool = std::move(pool), arm = std::move(arm)](
                          Turn& turn) { return impl_->commands_.StageRemoveArm(turn, pool, arm); },
                      std::move(done));
}

void Engine::Backup(std::string folder, Done<BackupInfo> done) {
  impl_->RunAside<BackupInfo>(
      [this, folder = std::move(folder)] { return MakeBackup(impl_->storage_, folder); },
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
                                                  std::size_t count_max,
                                                  bool include_removed) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  const auto state = pool->state();
  std::vector<Arm> arms;
  for (std::size_t i = Index(first); i < state->arm_count() && arms.size() < count_max; ++i) {
    const Arm* arm = state->arm(static_cast<ArmId>(i));
    if (arm != nullptr && (include_removed || arm->status != ArmStatus::kRemoved)) {
      arms.push_back(*arm);
    }
  }
  return arms;
}

absl::StatusOr<PoolStatistics> Engine::GetStats(std::string_view name) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return pool->Statistics(impl_->clock_.Now(), /*with_checksum=*/false);
}

void Engine::GetStatsWithChecksum(std::string name, Done<PoolStatistics> done) const {
  impl_->RunAside<PoolStatistics>(
      [this, name = std::move(name)]() -> absl::StatusOr<PoolStatistics> {
        std::shared_ptr<PoolRuntime> pool;
        ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
        return pool->Statistics(impl_->clock_.Now(), /*with_checksum=*/true);
      },
      std::move(done));
}

void Engine::MeasureRecall(std::string name, std::vector<std::string> queries,
                           Done<RecallFigures> done) const {
  const int64_t most = impl_->limits_.Get().batch_items_max;
  if (static_cast<int64_t>(queries.size()) > most) {
    return done(WithReason(InvalidArgument("queries: ", queries.size(), " are over the limit of ",
                                           most, " (batch_items_max)"),
                           reason::kLimit, "queries"));
  }
  impl_->RunAside<RecallFigures>(
      [this, name = std::move(name),
       queries = std::move(queries)]() -> absl::StatusOr<RecallFigures> {
        std::shared_ptr<PoolRuntime> pool;
        ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
        return pointsman::MeasureRecall(*pool, queries);
      },
      std::move(done));
}

absl::StatusOr<Explanation> Engine::Explain(std::string_view name, std::string_view id) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  std::optional<Decision> decision;
  ASSIGN_OR_RETURN(decision, impl_->storage_.decisions->Get(pool->id(), id));
  if (!decision) {
    return WithReason(NotFound("decision_id: pool ", Quoted(pool->name()), " has no decision ",
                               Quoted(id), " (any more)"),
                      reason::kDecisionUnknown, "decision_id");
  }
  const auto state = pool->state();
  const auto name_of = [&](ArmId arm) {
    const Arm* found = state->arm(arm);
    return found == nullptr ? std::string() : found->name;
  };
  Explanation out;
  out.decision = *std::move(decision);
  for (const Candidate& c : out.decision.candidates) out.candidate_names.push_back(name_of(c.arm));
  for (const ChosenArm& chosen : out.decision.chosen) {
    out.chosen_names.push_back(name_of(chosen.arm));
    std::optional<FeedbackRecord> record;
    ASSIGN_OR_RETURN(record,
                     impl_->storage_.log->ReadFeedback({pool->id(), out.decision.id, chosen.arm}));
    if (record && !record->learned.empty()) {
      out.outcomes.emplace_back(name_of(record->served), record->learned);
    }
  }
  return out;
}

absl::StatusOr<OutcomePage> Engine::ReadOutcomes(std::string_view name, Sequence first,
                                                 std::size_t events_max) const {
  constexpr std::size_t kTextMax = 1 << 20;
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  const auto state = pool->state();
  const EventLog& log = *impl_->storage_.log;
  OutcomePage page;
  ASSIGN_OR_RETURN(page.first_sequence, log.FirstSequence(pool->id()));
  first = std::max({first, page.first_sequence, Sequence{1}});
  std::vector<Event> events;
  ASSIGN_OR_RETURN(events, log.ReadEvents(pool->id(), first, std::max<std::size_t>(1, events_max)));
  std::size_t text = 0;
  for (Event& event : events) {
    if (text > kTextMax) break;
    page.next = event.sequence + 1;
    auto* outcome = std::get_if<OutcomeEvent>(&event.body);
    if (outcome == nullptr || !outcome->is_learned) continue;
    text += outcome->query_text.size();
    const Arm* arm = state->arm(outcome->arm);
    page.outcomes.push_back({event.sequence, event.time, arm == nullptr ? "" : arm->name,
                             FeaturesOf(state->pool().settings, outcome->context),
                             std::move(*outcome)});
  }
  if (events.empty()) page.next = 0;
  return page;
}

absl::StatusOr<uint64_t> Engine::StateChecksum(std::string_view name) const {
  std::shared_ptr<PoolRuntime> pool;
  ASSIGN_OR_RETURN(pool, impl_->pools_.Find(name));
  return pointsman::StateChecksum(*pool->state());
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

absl::Status Engine::SnapshotHealth() const { return impl_->housekeeper_.snapshot_status(); }
absl::Status Engine::StorageHealth() const { return impl_->health_.status(); }
uint64_t Engine::StorageErrors() const { return impl_->health_.failures(); }
std::size_t Engine::QueueDepth() const { return impl_->writer_->queue_depth(); }
void Engine::Stop() { impl_->Stop(); }

}  // namespace pointsman
