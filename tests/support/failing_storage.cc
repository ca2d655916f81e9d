#include "tests/support/failing_storage.h"

#include <utility>

#include "base/status_macros.h"
#include "storage/rocks/write_latch.h"

namespace pointsman::tests {
namespace {

// Asks the plan before each operation; a failed write latches its store.
class Gatekeeper {
 public:
  explicit Gatekeeper(std::shared_ptr<FailurePlan> plan) : plan_(std::move(plan)) {}

  absl::Status BeforeWrite() {
    const bool fails = plan_->CountAndAsk();
    RETURN_IF_ERROR(latch_.Check());
    if (fails) return latch_.Fail(absl::UnavailableError("this write was made to fail"));
    return absl::OkStatus();
  }
  // A failed snapshot or backup breaks nothing else.
  absl::Status BeforeSnapshot() const {
    if (plan_->before_snapshot) plan_->before_snapshot();
    const bool fails = plan_->CountAndAsk();
    RETURN_IF_ERROR(latch_.Check());
    if (fails) return absl::UnavailableError("this snapshot was made to fail");
    return absl::OkStatus();
  }
  void AfterCommit(const storage::LogBatch& batch) const {
    if (plan_->after_commit) plan_->after_commit(batch);
  }
  absl::Status BeforeRead() const {
    if (plan_->CountAndAsk()) return absl::UnavailableError("this read was made to fail");
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<FailurePlan> plan_;
  storage::WriteLatch latch_;
};

class FailingEventLog final : public storage::EventLog {
 public:
  FailingEventLog(std::unique_ptr<storage::EventLog> inner, std::shared_ptr<FailurePlan> plan)
      : inner_(std::move(inner)), gate_(std::move(plan)) {}

  SipKey secret() const override { return inner_->secret(); }
  absl::StatusOr<PoolId> NewPoolId() override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->NewPoolId();
  }
  absl::Status Commit(const storage::LogBatch& batch, storage::Durability durability) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    RETURN_IF_ERROR(inner_->Commit(batch, durability));
    gate_.AfterCommit(batch);
    return absl::OkStatus();
  }
  absl::Status DropPool(PoolId pool) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->DropPool(pool);
  }
  absl::StatusOr<std::vector<Pool>> ReadPools() const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadPools();
  }
  absl::StatusOr<std::vector<Event>> ReadEvents(PoolId pool, Sequence first,
                                                std::size_t count_max) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadEvents(pool, first, count_max);
  }
  absl::Status DropEventsBefore(PoolId pool, Sequence first_kept) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->DropEventsBefore(pool, first_kept);
  }
  absl::StatusOr<Sequence> LastSequence(PoolId pool) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->LastSequence(pool);
  }
  absl::StatusOr<Sequence> FirstSequence(PoolId pool) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->FirstSequence(pool);
  }
  absl::Status AdoptSecret(SipKey secret) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->AdoptSecret(secret);
  }
  absl::StatusOr<storage::AppliedMark> ReadApplied() const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadApplied();
  }
  absl::StatusOr<storage::PoolProgress> ReadProgress(PoolId pool) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadProgress(pool);
  }
  absl::StatusOr<std::optional<storage::FeedbackRecord>> ReadFeedback(
      const storage::FeedbackKey& key) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadFeedback(key);
  }
  absl::Status ExpireFeedback(Micros before) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->ExpireFeedback(before);
  }
  absl::Status ReadExperience(PoolId pool,
                              const std::function<void(Experience)>& visit) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadExperience(pool, visit);
  }
  absl::Status PutSnapshot(PoolId pool, Sequence sequence, std::string_view bytes,
                           int64_t keep) override {
    RETURN_IF_ERROR(gate_.BeforeSnapshot());
    return inner_->PutSnapshot(pool, sequence, bytes, keep);
  }
  absl::StatusOr<std::vector<Sequence>> ListSnapshots(PoolId pool) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ListSnapshots(pool);
  }
  absl::StatusOr<std::string> ReadSnapshot(PoolId pool, Sequence sequence) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadSnapshot(pool, sequence);
  }
  absl::Status PutHistory(PoolId pool, std::string_view bytes) override {
    RETURN_IF_ERROR(gate_.BeforeSnapshot());
    return inner_->PutHistory(pool, bytes);
  }
  absl::StatusOr<std::string> ReadHistory(PoolId pool) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadHistory(pool);
  }
  absl::Status Checkpoint(const std::string& folder,
                          const std::function<absl::Status()>& then) override {
    RETURN_IF_ERROR(gate_.BeforeSnapshot());
    return inner_->Checkpoint(folder, then);
  }

 private:
  const std::unique_ptr<storage::EventLog> inner_;
  Gatekeeper gate_;
};

class FailingDecisionStore final : public storage::DecisionStore {
 public:
  FailingDecisionStore(std::unique_ptr<storage::DecisionStore> inner,
                       std::shared_ptr<FailurePlan> plan)
      : inner_(std::move(inner)), gate_(std::move(plan)) {}

  absl::Status Put(const Decision& decision, storage::Durability durability) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->Put(decision, durability);
  }
  absl::Status PutBatch(const std::vector<Decision>& decisions,
                        storage::Durability durability) override {
    RETURN_IF_ERROR(gate_.BeforeWrite());
    return inner_->PutBatch(decisions, durability);
  }
  absl::StatusOr<std::optional<Decision>> Get(PoolId pool,
                                              std::string_view decision_id) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->Get(pool, decision_id);
  }
  absl::StatusOr<std::vector<storage::WaitingDecision>> ReadWaiting(
      PoolId pool, const DecisionPosition& after, Micros before,
      std::size_t count_max) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadWaiting(pool, after, before, count_max);
  }
  absl::StatusOr<std::vector<DecisionPosition>> ReadNewest(PoolId pool,
                                                           const DecisionPosition& before,
                                                           std::size_t count_max) const override {
    RETURN_IF_ERROR(gate_.BeforeRead());
    return inner_->ReadNewest(pool, before, count_max);
  }
  absl::Status Checkpoint(const std::string& folder) override {
    RETURN_IF_ERROR(gate_.BeforeSnapshot());
    return inner_->Checkpoint(folder);
  }

 private:
  const std::unique_ptr<storage::DecisionStore> inner_;
  Gatekeeper gate_;
};

}  // namespace

storage::Storage MakeFailingStorage(storage::Storage inner, std::shared_ptr<FailurePlan> plan) {
  return {std::make_unique<FailingEventLog>(std::move(inner.log), plan),
          std::make_unique<FailingDecisionStore>(std::move(inner.decisions), plan)};
}

}  // namespace pointsman::tests
