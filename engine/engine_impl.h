// The parts of an Engine and how they work together. Only engine.cc, engine_inspection.cc and engine_replica.cc include
// it.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/control/pool_commands.h"
#include "engine/engine.h"
#include "engine/inspect/recall.h"
#include "engine/learn/feedback_commands.h"
#include "engine/learn/import.h"
#include "engine/learn/log_writer.h"
#include "engine/learn/missing_feedback.h"
#include "engine/maintain/history_keeper.h"
#include "engine/maintain/recovery.h"
#include "engine/maintain/scheduler.h"
#include "engine/maintain/snapshots.h"
#include "engine/maintain/write_health.h"
#include "engine/pool/pool_table.h"
#include "engine/replica/decision_sharing.h"
#include "engine/replica/join.h"
#include "engine/replica/log_reader.h"
#include "engine/replica/replica.h"
#include "engine/request/clamp.h"
#include "engine/request/validate.h"
#include "engine/route/decision_ids.h"
#include "engine/route/query_embedding.h"
#include "engine/route/route_queue.h"
#include "engine/route/routing.h"

namespace pointsman::engine {

class Engine::Impl {
 public:
  static constexpr char kSnapshotsJob[] = "snapshots";
  static constexpr Micros kRecordsMargin = 3600 * kMicrosPerSecond;
  static constexpr std::size_t kJudgedAtOnce = 256;

  Impl(const EngineOptions& options, storage::Storage storage, const Clock& clock)
      : options_(options),
        limits_(options.limits),
        clock_(clock),
        storage_(std::move(storage)),
        embedders_(options_.embedders, storage_.log->secret()),
        remotes_{&embedders_, [this](std::function<void()> act) { OnWriter(std::move(act)); },
                 &limits_},
        ids_(storage_.log->secret(), options.replica.log == nullptr
                                         ? uint16_t{0}
                                         : DecisionIds::MakerOf(options.replica.name)),
        routing_(limits_, storage_, pools_, ids_, clock_, health_,
                 [this](std::span<const Decision> decisions) { ShareDecisions(decisions); }),
        feedback_(limits_, *storage_.decisions, pools_, ids_, options.replica.log != nullptr),
        pool_commands_(options_, limits_, *storage_.log, pools_, clock_, remotes_),
        judge_(storage_, pools_, feedback_),
        snapshots_(options_.limits, *storage_.log, *storage_.log, clock_, health_),
        history_(*storage_.log, pools_),
        scheduler_(options_.writing, clock_),
        reads_(options_.writing, clock_) {}

  absl::Status Start() {
    RETURN_IF_ERROR(ValidateLimits(options_.limits));
    std::vector<Turn::Evicted> evicted;
    ASSIGN_OR_RETURN(evicted, Recover(*storage_.log, options_.building, remotes_, pools_));
    history_.Load();
    const auto pools = pools_.all();
    for (const auto& [name, pool] : *pools) {
      pool->counters().NoteSnapshot(pool->state()->version(), clock_.Now());
    }
    AddJobs();
    writer_ = std::make_unique<LogWriter>(
        options_.limits, options_.writing, *storage_.log, clock_, health_, scheduler_,
        std::move(evicted),
        [this](const std::vector<std::shared_ptr<PoolRuntime>>& touched) { NoteEvents(touched); });
    if (options_.replica.log != nullptr) RETURN_IF_ERROR(StartReplica());
    writer_->Start();
    if (reader_ != nullptr) reader_->Start();
    scheduler_.Start();
    reads_.Start();
    for (const auto& [name, pool] : *pools) pool->AskDescriptions();
    if (options_.writing == Writing::kThread) queue_ = std::make_unique<RouteQueue>(routing_);
    return absl::OkStatus();
  }

  // All maintenance jobs of the engine.
  void AddJobs() {
    using Lane = Scheduler::Lane;
    scheduler_.Add("missing feedback", Lane::kWriter, kMicrosPerSecond, [this](Micros now) {
      if (!health_.status().ok()) return false;  // nothing can be written
      if (replica_ != nullptr) {
        ProposeMissing();
        return false;
      }
      return judge_.Run(now, [this](Turn& turn) {
        const absl::Status written = writer_->Commit(turn);
        if (written.ok()) NoteEvents(turn.touched());
        return written;
      });
    });
    // Feedback records are useless once their decision has expired.
    scheduler_.Add("expired feedback", Lane::kWriter, 600 * kMicrosPerSecond, [this](Micros now) {
      const Micros ttl = options_.limits.decision_ttl_s * kMicrosPerSecond;
      // A replica that is behind folds as if it were then.
      const Micros until = replica_ == nullptr ? now : replica_->folded_at() - 2 * kRecordsMargin;
      health_.Note(storage_.log->ExpireFeedback(until - ttl)).IgnoreError();
      return false;
    });
    if (options_.replica.log != nullptr) {
      scheduler_.Add("shared log", Lane::kWriter, kMicrosPerSecond / 5, [this](Micros now) {
        replica_->Tick(now);
        replica_->Flush();
        return false;
      });
    }
    scheduler_.Add(kSnapshotsJob, Lane::kAside, kMicrosPerSecond / 2, [this](Micros now) {
      snapshots_.MakeDue(now);
      return false;
    });
    scheduler_.Add("history", Lane::kAside, HistoryKeeper::kEvery, [this](Micros) {
      history_.Save();
      return false;
    });
  }
  void NoteEvents(const std::vector<std::shared_ptr<PoolRuntime>>& touched) {
    bool is_due = false;
    for (const auto& pool : touched) is_due |= snapshots_.Note(pool);
    if (is_due) scheduler_.Wake(kSnapshotsJob);
  }

  // Hands a command to the writer. The result of `stage` is returned if the turn commits.
  template <class T, class Stage>
  void Submit(Stage stage, Done<T> done) {
    auto shared_done = std::make_shared<Done<T>>(std::move(done));
    Command command;
    command.stage = [stage = std::move(stage), shared_done](Turn& turn) -> Completion {
      auto result = std::make_shared<absl::StatusOr<T>>(stage(turn));
      return [result, shared_done](const Written& written) {
        if (result->ok() && !written.status.ok()) return (*shared_done)(written.status);
        if constexpr (requires { (*result)->sequence; }) {
          if (result->ok() && (*result)->sequence > 0) {
            (*result)->sequence =
                static_cast<Sequence>(static_cast<int64_t>((*result)->sequence) + written.moved);
          }
        }
        (*shared_done)(std::move(*result));
      };
    };
    command.refuse = [shared_done](const absl::Status& why) { (*shared_done)(why); };
    if (replica_ == nullptr) return writer_->Submit(std::move(command));
    Command proposing;
    proposing.refuse = command.refuse;
    proposing.alone = [this, command] { replica_->Propose(command); };
    writer_->Submit(std::move(proposing));
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

  // Defined in engine_replica.cc.
  absl::Status StartReplica();
  void ShareDecisions(std::span<const Decision> decisions) const {
    if (sharing_ != nullptr) sharing_->Made(decisions);
  }
  // Runs `act` on the writer, and waits for it.
  absl::Status WaitForWriter(std::function<absl::Status()> act) const;
  // Every replica judges all decisions. What one has judged, the proposals of the others find changed.
  void ProposeMissing();
  void ProposePool(PoolEdit edit, std::string by, Done<PutPoolOutput> done);
  void DeletePool(std::string name, Done<bool> done);

  void OnWriter(std::function<void()> act) const {
    Command command;
    command.alone = std::move(act);
    command.refuse = [](const absl::Status&) {};
    writer_->Submit(std::move(command));
  }

  // Runs `act` on the scheduler's thread, between two snapshots.
  template <class T, class Act>
  void RunAside(Act act, Done<T> done) {
    RunOn(scheduler_, std::move(act), std::move(done));
  }
  // Runs `act` with the pool, on the thread for questions, which no snapshot delays.
  template <class T, class Act>
  void AskPool(std::string name, Act act, Done<T> done) {
    RunOn<T>(
        reads_,
        [this, name = std::move(name), act = std::move(act)]() -> absl::StatusOr<T> {
          std::shared_ptr<PoolRuntime> pool;
          ASSIGN_OR_RETURN(pool, pools_.Find(name));
          return act(*pool);
        },
        std::move(done));
  }
  template <class T, class Act>
  void RunOn(Scheduler& thread, Act act, Done<T> done) {
    auto shared_done = std::make_shared<Done<T>>(std::move(done));
    if (thread.RunOnce([act = std::move(act), shared_done] { (*shared_done)(act()); })) return;
    (*shared_done)(WithReason(absl::UnavailableError("the server is stopping"), reason::kStopping));
  }

  void Route(RouteInput input, Done<RouteOutput> done) {
    auto prepared = routing_.Prepare(std::move(input));
    if (!prepared.ok()) return done(prepared.status());
    if (!prepared->waits_for_vector()) return Decide(*std::move(prepared), std::move(done));
    std::vector<PreparedQuery> one;
    one.push_back(*std::move(prepared));
    EmbedQueries(std::move(one),
                 [this, done = std::move(done)](std::vector<PreparedQuery> embedded) {
                   if (queue_ == nullptr) return Decide(std::move(embedded.front()), done);
                   queue_->AddAside(std::move(embedded.front()), done);
                 });
  }
  void Decide(PreparedQuery query, Done<RouteOutput> done) {
    if (queue_ != nullptr) return queue_->Add(std::move(query), std::move(done));
    done(std::move(routing_.Route({&query, 1}).front()));
  }

  using Outputs = std::vector<absl::StatusOr<RouteOutput>>;
  void RouteBatch(std::vector<RouteInput> inputs, std::function<void(Outputs)> done) {
    Outputs outputs;
    std::vector<std::size_t> places;
    std::vector<PreparedQuery> prepared;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto one = routing_.Prepare(std::move(inputs[i]));
      outputs.push_back(one.ok() ? absl::StatusOr<RouteOutput>(RouteOutput{}) : one.status());
      if (!one.ok()) continue;
      places.push_back(i);
      prepared.push_back(*std::move(one));
    }
    const bool waits =
        std::any_of(prepared.begin(), prepared.end(),
                    [](const PreparedQuery& query) { return query.waits_for_vector(); });
    auto decide = [this, outputs = std::move(outputs), places = std::move(places),
                   done = std::move(done)](const std::vector<PreparedQuery>& queries) mutable {
      auto decided = routing_.Route(queries);
      for (std::size_t i = 0; i < places.size(); ++i) outputs[places[i]] = std::move(decided[i]);
      done(std::move(outputs));
    };
    if (!waits) return decide(prepared);
    EmbedQueries(std::move(prepared),
                 [this, decide = std::move(decide)](std::vector<PreparedQuery> embedded) mutable {
                   if (queue_ == nullptr) return decide(embedded);
                   queue_->Run([decide = std::move(decide),
                                embedded = std::move(embedded)]() mutable { decide(embedded); });
                 });
  }

  void Feedback(FeedbackInput input, Done<FeedbackOutput> done) {
    Clamp(input);
    if (auto status = ValidateFeedback(input, limits_.Get()); !status.ok()) {
      if (auto pool = pools_.Find(input.pool); pool.ok()) (*pool)->counters().CountRefused();
      return done(status);
    }
    auto shared = std::make_shared<FeedbackInput>(std::move(input));
    auto counted = [this, shared, done = std::move(done)](absl::StatusOr<FeedbackOutput> result) {
      if (auto pool = pools_.Find(shared->pool); pool.ok()) {
        if (result.ok()) {
          (*pool)->counters().CountFeedback(result->result);
        } else {
          (*pool)->counters().CountRefused();
        }
      }
      done(std::move(result));
    };
    Submit<FeedbackOutput>(
        [this, shared](Turn& turn) { return feedback_.StageFeedback(turn, *shared); },
        std::move(counted));
  }

  void Import(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done) {
    for (ImportedQuery& query : chunk) Clamp(query);
    if (auto status = ValidateImport(plan, chunk, limits_.Get()); !status.ok()) {
      return done(status);
    }
    const std::string name = plan.pool;
    EmbedChunk(pools_, name, std::move(chunk),
               [this, plan = std::move(plan), done = std::move(done)](
                   absl::StatusOr<std::vector<ImportedQuery>> embedded) mutable {
                 if (!embedded.ok()) return done(embedded.status());
                 ImportEmbedded(std::move(plan), *std::move(embedded), std::move(done));
               });
  }

  void ImportEmbedded(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done) {
    const auto shared_chunk = std::make_shared<const std::vector<ImportedQuery>>(std::move(chunk));
    Submit<ImportOutput>(
        [this, plan = std::move(plan), shared_chunk](Turn& turn) -> absl::StatusOr<ImportOutput> {
          std::shared_ptr<PoolRuntime> pool;
          ASSIGN_OR_RETURN(pool, pools_.Find(plan.pool));
          return StageImport(turn, pool, plan, *shared_chunk);
        },
        std::move(done));
  }

  void PutPool(PoolEdit edit, std::string by, Done<PutPoolOutput> done) {
    if (replica_ != nullptr && !edit.is_dry_run) {
      return ProposePool(std::move(edit), std::move(by), std::move(done));
    }
    SubmitAlone<PutPoolOutput>([this, edit = std::move(edit),
                                by = std::move(by)] { return pool_commands_.PutPool(edit, by); },
                               std::move(done));
  }

  // The remote embedder of a pool that is to be made; nullptr if no embedder has to be asked first.
  absl::StatusOr<retrieval::RemoteEmbedder*> RemoteOfNewPool(const std::string& name,
                                                             const EditSettings& edit) const {
    if (pools_.Get(name) != nullptr) return nullptr;
    const auto wanted = edit(PoolSettings{});
    if (!wanted.ok() || wanted->embedder.name != kRemoteEmbedder) return nullptr;
    RETURN_IF_ERROR(ValidateEmbedder(wanted->embedder, limits_.Get()));
    return FindEmbedder(wanted->embedder.endpoint);
  }
  absl::StatusOr<retrieval::RemoteEmbedder*> FindEmbedder(const std::string& name) const {
    retrieval::RemoteEmbedder* embedder = embedders_.Find(name);
    if (embedder != nullptr) return embedder;
    return WithReason(
        NotFound("endpoint: there is no embedder ", Quoted(name),
                 " in the server's config; `embedders` there has: ", embedders_.Names()),
        reason::kBadField, "endpoint");
  }

  void Stop() {
    if (is_stopped_.exchange(true) || writer_ == nullptr) return;
    embedders_.Stop();
    if (sharing_ != nullptr) sharing_->Stop();
    if (reader_ != nullptr) reader_->Stop();
    writer_->Stop();
    if (replica_ != nullptr) {
      replica_->GiveUp(
          WithReason(absl::UnavailableError("the server is stopping"), reason::kStopping));
    }
    const auto pools = pools_.all();
    for (const auto& [name, pool] : *pools) snapshots_.Note(pool);
    reads_.Stop();
    scheduler_.Stop();
    history_.Save();
    snapshots_.MakeAll();
  }

  const EngineOptions options_;
  LiveLimits limits_;
  const Clock& clock_;
  storage::Storage storage_;
  retrieval::RemoteEmbedders embedders_;
  Remotes remotes_;
  PoolTable pools_;
  DecisionIds ids_;
  WriteHealth health_;
  Routing routing_;
  FeedbackCommands feedback_;
  PoolCommands pool_commands_;
  MissingFeedbackJudge judge_;
  Snapshots snapshots_;
  HistoryKeeper history_;
  Scheduler scheduler_;
  Scheduler reads_;  // questions of people, which may take a tenth of a second each
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<Replica> replica_;  // null, like the next two: an engine on its own
  std::unique_ptr<LogReader> reader_;
  std::unique_ptr<DecisionSharing> sharing_;
  bool is_judging_ = false;  // writer's, like the next one
  bool can_learn_missing_ = true;
  std::unique_ptr<RouteQueue> queue_;  // null with Writing::kInline: the calling thread decides

 private:
  std::atomic<bool> is_stopped_{false};
};

}  // namespace pointsman::engine
