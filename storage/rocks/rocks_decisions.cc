// Decisions on disk, in a database of their own, so that an unsynced decision never waits behind a synced
// commit of the log. There are two families: the records by id, and the ids by time. Whole files expire.
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <array>

#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/keys.h"
#include "storage/codec/records.h"
#include "storage/codec/sealed.h"
#include "storage/codec/soundness.h"
#include "storage/rocks/families.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/write_latch.h"

namespace pointsman::storage {
namespace {

// An open decisions database. The handles are destroyed before it is closed.
struct DecisionsDb {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // the records, then the times
};

class RocksDecisionStore final : public DecisionStore {
 public:
  RocksDecisionStore(DecisionsDb opened, std::shared_ptr<const FolderLock> lock)
      : lock_(std::move(lock)),
        db_(std::move(opened.db)),
        handles_(std::move(opened.handles)),
        times_(handles_[1]) {}
  ~RocksDecisionStore() override {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    CloseDb(std::move(db_), !latch_.Check().ok());
  }
  RocksDecisionStore(const RocksDecisionStore&) = delete;
  RocksDecisionStore& operator=(const RocksDecisionStore&) = delete;

  absl::Status Put(const Decision& decision, Durability durability) override {
    RETURN_IF_ERROR(CheckSound(decision));
    rocksdb::WriteBatch batch;
    RETURN_IF_ERROR(ToStatus(AddTo(batch, decision), "decisions: batch"));
    return Write(batch, durability);
  }

  absl::Status PutBatch(const std::vector<Decision>& decisions, Durability durability) override {
    rocksdb::WriteBatch batch;
    for (const Decision& decision : decisions) {
      RETURN_IF_ERROR(CheckSound(decision));
      RETURN_IF_ERROR(ToStatus(AddTo(batch, decision), "decisions: batch"));
    }
    return Write(batch, durability);
  }

  absl::StatusOr<std::optional<Decision>> Get(PoolId pool,
                                              std::string_view decision_id) const override {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), db_->DefaultColumnFamily(),
                                            EncodeDecisionKey(pool, decision_id), &value);
    if (status.IsNotFound()) return std::optional<Decision>();
    if (!status.ok()) return ToStatus(status, "decisions: read");
    absl::StatusOr<Decision> decision = DecodeDecision(value.ToStringView());
    if (!decision.ok()) return decision.status();
    if (decision->pool != pool || decision->id != decision_id) {
      return DataLoss("decisions: the record of ", Quoted(decision_id), " in pool ", Index(pool),
                      " is that of another decision");
    }
    return std::optional(*std::move(decision));
  }

  absl::StatusOr<std::vector<WaitingDecision>> ReadWaiting(PoolId pool,
                                                           const DecisionPosition& after,
                                                           Micros before,
                                                           std::size_t count_max) const override {
    std::vector<WaitingDecision> waiting;
    const std::string end = EncodeTimeKey(pool, {before, ""});
    const rocksdb::Slice end_slice(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &end_slice;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, times_));
    for (it->Seek(EncodeTimeKey(pool, after)); it->Valid() && waiting.size() < count_max;
         it->Next()) {
      auto position = DecodeTimeKey(pool, it->key().ToStringView());
      if (!position) return DataLoss("decisions: a key of the family `times` is malformed");
      if (*position <= after) continue;
      std::vector<ArmId> arms;
      ASSIGN_OR_RETURN(arms, DecodeWaiting(it->value().ToStringView()));
      waiting.push_back({*std::move(position), std::move(arms)});
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "decisions: read by time"));
    return waiting;
  }

  absl::StatusOr<std::vector<DecisionPosition>> ReadNewest(PoolId pool,
                                                           const DecisionPosition& before,
                                                           std::size_t count_max) const override {
    std::vector<DecisionPosition> newest;
    const std::string begin = EncodePoolKey(pool);
    const rocksdb::Slice begin_slice(begin);
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &begin_slice;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, times_));
    for (it->SeekForPrev(EncodeTimeKey(pool, before)); it->Valid() && newest.size() < count_max;
         it->Prev()) {
      auto position = DecodeTimeKey(pool, it->key().ToStringView());
      if (!position) return DataLoss("decisions: a key of the family `times` is malformed");
      if (*position < before) newest.push_back(*std::move(position));
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "decisions: read the newest"));
    return newest;
  }

  absl::Status Checkpoint(const std::string& folder) override {
    RETURN_IF_ERROR(latch_.Check());
    return CheckpointOf(*db_, folder + "/" + kDecisionsFolder);
  }

 private:
  rocksdb::Status AddTo(rocksdb::WriteBatch& batch, const Decision& decision) const {
    const std::string key = EncodeDecisionKey(decision.pool, decision.id);
    const std::string payload = EncodeDecisionPayload(decision);
    const std::string seal = SealOf(RecordKind::kDecision, payload);
    const rocksdb::Slice key_part(key);
    const std::array<rocksdb::Slice, 2> parts = {rocksdb::Slice(seal), rocksdb::Slice(payload)};
    rocksdb::Status status = batch.Put(rocksdb::SliceParts(&key_part, 1),
                                       rocksdb::SliceParts(parts.data(), parts.size()));
    if (!status.ok()) return status;
    return batch.Put(times_, EncodeTimeKey(decision.pool, {decision.time, decision.id}),
                     EncodeWaiting(RatedArms(decision)));
  }

  absl::Status Write(rocksdb::WriteBatch& batch, Durability durability) {
    RETURN_IF_ERROR(latch_.Check());
    const rocksdb::Status status = db_->Write(WriteOptionsFor(durability), &batch);
    if (status.ok()) return absl::OkStatus();
    return latch_.Fail(ToStatus(status, "decisions: write"));
  }

  const std::shared_ptr<const FolderLock> lock_;
  std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* const times_;
  WriteLatch latch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DecisionStore>> OpenRocksDecisionStore(
    const StorageOptions& options, std::shared_ptr<const FolderLock> lock, rocksdb::Env* env) {
  const std::string path = options.folder + "/" + kDecisionsFolder;
  const rocksdb::Options records = DecisionsOptions(options, env);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, records},
      {kTimesFamily, DecisionTimesOptions(records)},
  };
  DecisionsDb opened;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(records, path, families, &opened.handles, &db);
  opened.db.reset(db);
  if (!status.ok()) {
    const absl::Status cause = ToStatus(status, Cat("decisions: open ", Quoted(path, 1024)));
    return absl::Status(
        cause.code(),
        ToAbsl(Cat(ToStd(cause.message()),
                   "; if the decisions of the last days may be lost (feedback on them will "
                   "find no decision), move that folder away and restart: the log and all that "
                   "was learned remain")));
  }
  return std::make_unique<RocksDecisionStore>(std::move(opened), std::move(lock));
}

}  // namespace pointsman::storage
