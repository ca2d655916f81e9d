// The engine as one of several replicas on a shared log (engine/replica/replica.h).
#include <future>
#include <utility>

#include "engine/engine_impl.h"

namespace pointsman::engine {

absl::Status Engine::Impl::StartReplica() {
  ASSIGN_OR_RETURN(const storage::AppliedMark mark, storage_.log->ReadApplied());
  const Micros kept = options_.limits.decision_ttl_s * kMicrosPerSecond + kRecordsMargin;
  replica_ = std::make_unique<Replica>(
      options_.replica, mark,
      Replica::Parts{
          .log = *storage_.log,
          .pools = pools_,
          .writer = *writer_,
          .clock = clock_,
          .records_kept = kept,
          .waiting_max = static_cast<std::size_t>(options_.limits.queue_items_max),
          .make_runtime = [this](const Pool& pool) { return pool_commands_.RuntimeOf(pool); },
          .on_folded = [this](const auto& touched) { NoteEvents(touched); }});
  writer_->SetAfterBatch([this] { replica_->Flush(); });
  reader_ = std::make_unique<LogReader>(
      options_.replica, options_.writing, *replica_,
      [this](std::function<absl::Status()> act) { return WaitForWriter(std::move(act)); });
  if (options_.replica.decisions == nullptr) return absl::OkStatus();
  sharing_ = std::make_unique<DecisionSharing>(
      options_.replica, options_.writing, replica_->run(), *storage_.decisions, mark.decisions,
      [this](uint64_t position) {
        OnWriter([this, position] { replica_->NoteDecisions(position); });
      });
  sharing_->Start();
  sharing_->SendAgain(pools_, clock_.Now());
  return absl::OkStatus();
}

absl::Status Engine::Impl::WaitForWriter(std::function<absl::Status()> act) const {
  std::promise<absl::Status> result;
  Command command;
  command.alone = [&] { result.set_value(act()); };
  command.refuse = [&](const absl::Status& why) { result.set_value(why); };
  writer_->SubmitAlways(std::move(command));
  return result.get_future().get();
}

void Engine::Impl::ProposeMissing() {
  if (is_judging_) return;
  is_judging_ = true;
  Command command;
  command.stage = [this](Turn& turn) -> Completion {
    judge_.Forget();  // each time: what was judged meanwhile came with the log
    const auto more = judge_.Stage(turn, kJudgedAtOnce, can_learn_missing_);
    if (!more.ok()) turn.Fail(more.status());
    return [this, has_more = more.ok() && *more](const Written& written) {
      is_judging_ = false;
      // An event that no learner can follow must not block the rest.
      can_learn_missing_ = written.status.ok() || absl::IsUnavailable(written.status) ||
                           absl::IsAborted(written.status);
      if (has_more && written.status.ok()) OnWriter([this] { ProposeMissing(); });
    };
  };
  replica_->Propose(std::move(command));
  replica_->Flush();
}

void Engine::Impl::ProposePool(PoolEdit edit, std::string by, Done<PutPoolOutput> done) {
  auto shared = std::make_shared<const PoolEdit>(std::move(edit));
  Submit<PutPoolOutput>(
      [this, shared, by = std::move(by)](Turn& turn) -> absl::StatusOr<PutPoolOutput> {
        auto staged =
            pool_commands_.StagePutPool(turn, *shared, by, [this] { return replica_->NextPool(); });
        // All of it or nothing.
        if (!staged.ok()) turn.Fail(staged.status());
        RETURN_IF_ERROR(staged.status());
        return std::move(staged->output);
      },
      [this, shared, done = std::move(done)](absl::StatusOr<PutPoolOutput> result) {
        const auto pool = pools_.Get(shared->name);
        if (result.ok() && pool != nullptr) result->info = InfoOf(*pool);
        done(std::move(result));
      });
}

void Engine::Impl::DeletePool(std::string name, Done<bool> done) {
  if (replica_ == nullptr) {
    return SubmitAlone<bool>(
        [this, name = std::move(name)]() -> absl::StatusOr<bool> {
          RETURN_IF_ERROR(pool_commands_.DeletePool(name));
          return true;
        },
        std::move(done));
  }
  Command command;
  auto shared_done = std::make_shared<Done<bool>>(std::move(done));
  command.refuse = [shared_done](const absl::Status& why) { (*shared_done)(why); };
  command.alone = [this, name = std::move(name), shared_done] {
    const auto pool = pools_.Find(name);
    if (!pool.ok()) return (*shared_done)(pool.status());
    replica_->ProposeDelete((*pool)->id(), [shared_done](const absl::Status& written) {
      (*shared_done)(written.ok() ? absl::StatusOr<bool>(true) : written);
    });
  };
  writer_->Submit(std::move(command));
}

}  // namespace pointsman::engine
