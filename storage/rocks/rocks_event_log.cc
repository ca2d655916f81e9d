// The event log on disk.
// Operation: a commit is one write batch, synced if asked. Reads go to RocksDB directly. Only the ends of the
//   pools' logs are kept in memory; they are read when the log is opened.
// Concurrency: as storage/api/log.h says. The ends have their own mutex, which is never held over I/O.
#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/api/batch_check.h"
#include "storage/codec/keys.h"
#include "storage/codec/records.h"
#include "storage/folder/snapshot_files.h"
#include "storage/rocks/acknowledged_mark.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"
#include "storage/rocks/write_latch.h"

namespace pointsman::storage {
namespace {

// Scans the keys of a family that begin with a pool's id, without filling the cache. It never leaves a
// function: an iterator that outlives its database aborts the process.
class PoolScan {
 public:
  PoolScan(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, PoolId pool)
      : end_(EncodePoolEnd(pool)), end_slice_(end_) {
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    options.iterate_upper_bound = &end_slice_;
    it_.reset(db.NewIterator(options, family));
    it_->Seek(EncodePoolKey(pool));
  }
  PoolScan(const PoolScan&) = delete;
  PoolScan& operator=(const PoolScan&) = delete;
  rocksdb::Iterator& it() { return *it_; }

 private:
  const std::string end_;
  const rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

class RocksEventLog final : public EventLog {
 public:
  RocksEventLog(LogFolder folder, LogParts parts, std::map<PoolId, PoolTail> tails)
      : parts_(std::move(parts)), folder_(std::move(folder)), tails_(std::move(tails)) {
    if (parts_.mark == nullptr) {
      latch_.Fail(absl::FailedPreconditionError("it is open for reading only")).IgnoreError();
    }
  }

  ~RocksEventLog() override { folder_.is_broken = !latch_.Check().ok(); }
  RocksEventLog(const RocksEventLog&) = delete;
  RocksEventLog& operator=(const RocksEventLog&) = delete;

  SipKey secret() const override { return folder_.secret; }

  absl::Status AdoptSecret(SipKey secret) override {
    MutexLock lock(pool_id_mutex_);
    if (secret == folder_.secret) return absl::OkStatus();
    if (folder_.next_pool > 1 || !Tails().empty()) return HasPoolsOfItsOwn();
    rocksdb::WriteBatch batch;
    RETURN_IF_ERROR(ToStatus(
        batch.Put(family(Family::kMeta), kMetaSecret, EncodeMetaSecret(secret)), "log: batch"));
    RETURN_IF_ERROR(Write(batch, Durability::kDisk, "log: adopt a secret"));
    folder_.secret = secret;
    return absl::OkStatus();
  }

  absl::StatusOr<PoolId> NewPoolId() override {
    MutexLock lock(pool_id_mutex_);
    const uint32_t id = folder_.next_pool;
    if (id == UINT32_MAX) return absl::ResourceExhaustedError("log: all pool ids are used up");
    rocksdb::WriteBatch batch;
    RETURN_IF_ERROR(ToStatus(
        batch.Put(family(Family::kMeta), kMetaNextPool, EncodeMetaNumber(id + 1)), "log: batch"));
    RETURN_IF_ERROR(Write(batch, Durability::kDisk, "log: new pool id"));
    folder_.next_pool = id + 1;
    return PoolId{id};
  }

  absl::Status Commit(const LogBatch& batch, Durability durability) override {
    RETURN_IF_ERROR(latch_.Check());
    std::map<PoolId, PoolTail> tails = Tails();
    ASSIGN_OR_RETURN(const auto tails_after, CheckBatch(batch, tails));
    for (const auto& [pool, tail] : tails_after) tails[pool] = tail;
    rocksdb::WriteBatch write;
    RETURN_IF_ERROR(ToStatus(Fill(batch, tails, write), "log: batch"));
    RETURN_IF_ERROR(Write(write, durability, "log: commit"));
    MutexLock lock(tails_mutex_);
    for (const auto& [pool, tail] : tails_after) tails_[pool] = tail;
    return absl::OkStatus();
  }

  absl::Status DropPool(PoolId pool) override {
    rocksdb::WriteBatch batch;
    const std::string begin = EncodePoolKey(pool);
    const std::string end = EncodePoolEnd(pool);
    for (const Family f : {Family::kPools, Family::kProgress}) {
      RETURN_IF_ERROR(ToStatus(batch.Delete(family(f), begin), "log: batch"));
    }
    for (const Family f : {Family::kEvents, Family::kFeedback, Family::kExperience}) {
      RETURN_IF_ERROR(ToStatus(batch.DeleteRange(family(f), begin, end), "log: batch"));
    }
    RETURN_IF_ERROR(Write(batch, Durability::kDisk, "log: drop a pool"));
    {
      MutexLock lock(tails_mutex_);
      tails_.erase(pool);
    }
    RETURN_IF_ERROR(parts_.history->DropPool(pool));
    return parts_.snapshots->DropPool(pool);
  }

  absl::StatusOr<std::vector<Pool>> ReadPools() const override {
    std::vector<Pool> pools;
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    const std::unique_ptr<rocksdb::Iterator> it(
        folder_.db->NewIterator(options, family(Family::kPools)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ASSIGN_OR_RETURN(Pool pool, DecodePool(it->value().ToStringView()));
      if (DecodePoolKey(it->key().ToStringView()) != pool.id) {
        return DataLoss("log: the record of pool ", Index(pool.id), " is under another pool's key");
      }
      pools.push_back(std::move(pool));
    }
    RETURN_IF_ERROR(ToStatus(it->status(), "log: read pools"));
    return pools;
  }

  absl::StatusOr<std::vector<Event>> ReadEvents(PoolId pool, Sequence first,
                                                std::size_t count_max) const override {
    std::vector<Event> events;
    ASSIGN_OR_RETURN(const Sequence last, LastSequence(pool));
    PoolScan scan(*folder_.db, family(Family::kEvents), pool);
    rocksdb::Iterator& it = scan.it();
    Sequence expected = std::max<Sequence>(first, 1);
    for (it.Seek(EncodeSequenceKey(pool, expected)); it.Valid() && events.size() < count_max;
         it.Next(), ++expected) {
      const auto key = DecodeSequenceKey(it.key().ToStringView());
      if (!key || key->second != expected) {
        return DataLoss("log of pool ", Index(pool), ": event ", expected,
                        " is missing; the next one is ", key ? key->second : 0);
      }
      absl::StatusOr<Event> event = DecodeEvent(it.value().ToStringView());
      if (!event.ok()) {
        return DataLoss("log of pool ", Index(pool), ", event ", expected, ": ",
                        event.status().message());
      }
      if (event->pool != pool || event->sequence != expected) {
        return DataLoss("log of pool ", Index(pool), ": event ", expected,
                        " is a different one (pool ", Index(event->pool), ", event ",
                        event->sequence, ")");
      }
      events.push_back(*std::move(event));
    }
    RETURN_IF_ERROR(ToStatus(it.status(), Cat("log of pool ", Index(pool), ": read events")));
    if (events.size() < count_max && expected <= last) {
      return DataLoss("log of pool ", Index(pool), ": event ", expected,
                      " is missing; its last is ", last);
    }
    return events;
  }

  absl::Status DropEventsBefore(PoolId pool, Sequence first_kept) override {
    ASSIGN_OR_RETURN(const Sequence last, LastSequence(pool));
    const std::string begin = EncodeSequenceKey(pool, 0);
    const std::string end = EncodeSequenceKey(pool, std::min(first_kept, last));
    rocksdb::WriteBatch batch;
    RETURN_IF_ERROR(ToStatus(batch.DeleteRange(family(Family::kEvents), begin, end), "log: batch"));
    RETURN_IF_ERROR(Write(batch, Durability::kDisk, "log: drop old events"));
    // Frees the space of whole files at once. The space of others is freed when they are compacted.
    const rocksdb::Slice begin_slice(begin), end_slice(end);
    return ToStatus(rocksdb::DeleteFilesInRange(folder_.db.get(), family(Family::kEvents),
                                                &begin_slice, &end_slice, /*include_end=*/false),
                    "log: drop old files of events");
  }

  absl::StatusOr<Sequence> LastSequence(PoolId pool) const override {
    MutexLock lock(tails_mutex_);
    const auto tail = tails_.find(pool);
    return tail == tails_.end() ? 0 : tail->second.sequence;
  }

  absl::StatusOr<Sequence> FirstSequence(PoolId pool) const override {
    PoolScan scan(*folder_.db, family(Family::kEvents), pool);
    RETURN_IF_ERROR(ToStatus(scan.it().status(), "log: read the first event"));
    if (!scan.it().Valid()) return Sequence{0};
    const auto key = DecodeSequenceKey(scan.it().key().ToStringView());
    if (!key)
      return DataLoss("log of pool ", Index(pool), ": the key of its first event is malformed");
    return key->second;
  }

  absl::StatusOr<AppliedMark> ReadApplied() const override { return storage::ReadApplied(folder_); }

  absl::StatusOr<PoolProgress> ReadProgress(PoolId pool) const override {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = folder_.db->Get(
        rocksdb::ReadOptions(), family(Family::kProgress), EncodePoolKey(pool), &value);
    if (status.IsNotFound()) return PoolProgress();
    if (!status.ok()) return ToStatus(status, "log: read progress");
    return DecodeProgress(value.ToStringView());
  }

  absl::StatusOr<std::optional<FeedbackRecord>> ReadFeedback(
      const FeedbackKey& key) const override {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status =
        folder_.db->Get(rocksdb::ReadOptions(), family(Family::kFeedback),
                        EncodeFeedbackKey(key.pool, key.decision_id, key.arm), &value);
    if (status.IsNotFound()) return std::optional<FeedbackRecord>();
    if (!status.ok()) return ToStatus(status, "log: read feedback");
    ASSIGN_OR_RETURN(FeedbackRecord record, DecodeFeedback(value.ToStringView()));
    return std::optional(std::move(record));
  }

  absl::Status ExpireFeedback(Micros before) override {
    if (before > folder_.feedback_horizon->load()) folder_.feedback_horizon->store(before);
    return absl::OkStatus();
  }

  absl::Status ReadExperience(PoolId pool,
                              const std::function<void(Experience)>& visit) const override {
    PoolScan scan(*folder_.db, family(Family::kExperience), pool);
    rocksdb::Iterator& it = scan.it();
    for (; it.Valid(); it.Next()) {
      absl::StatusOr<Experience> experience = DecodeExperience(it.value().ToStringView());
      if (!experience.ok()) {
        return DataLoss("experience of pool ", Index(pool), ": ", experience.status().message());
      }
      const auto key = DecodeSequenceKey(it.key().ToStringView());
      if (!key || key->second != experience->sequence) {
        return DataLoss("experience of pool ", Index(pool), ": the record of event ",
                        experience->sequence, " is under another event's key");
      }
      visit(*std::move(experience));
    }
    return ToStatus(it.status(), Cat("log of pool ", Index(pool), ": read experience"));
  }

  absl::Status PutSnapshot(PoolId pool, Sequence sequence, std::string_view bytes,
                           int64_t keep) override {
    RETURN_IF_ERROR(latch_.Check());
    // The log is synced first: after a power loss, a snapshot must not be ahead of its log.
    const rocksdb::Status synced = folder_.db->FlushWAL(/*sync=*/true);
    if (!synced.ok()) return latch_.Fail(ToStatus(synced, "log: sync"));
    return parts_.snapshots->Put(pool, sequence, bytes, keep);
  }

  absl::StatusOr<std::vector<Sequence>> ListSnapshots(PoolId pool) const override {
    return parts_.snapshots->List(pool);
  }

  absl::StatusOr<std::string> ReadSnapshot(PoolId pool, Sequence sequence) const override {
    return parts_.snapshots->Read(pool, sequence);
  }

  // The files are numbered, so that a file that is torn leaves the one before it.
  absl::Status PutHistory(PoolId pool, std::string_view bytes) override {
    RETURN_IF_ERROR(latch_.Check());
    ASSIGN_OR_RETURN(const std::vector<Sequence> kept, parts_.history->List(pool));
    return parts_.history->Put(pool, kept.empty() ? 1 : kept.front() + 1, bytes, /*keep=*/1);
  }

  absl::StatusOr<std::string> ReadHistory(PoolId pool) const override {
    ASSIGN_OR_RETURN(const std::vector<Sequence> kept, parts_.history->List(pool));
    for (const Sequence file : kept) {
      auto bytes = parts_.history->Read(pool, file);
      if (bytes.ok()) return bytes;
    }
    return std::string();
  }

  absl::Status Checkpoint(const std::string& folder,
                          const std::function<absl::Status()>& then) override {
    RETURN_IF_ERROR(latch_.Check());
    MutexLock lock(pool_id_mutex_);
    // Snapshots are copied first, so the copy of the log contains every event that they cover.
    const std::string snapshots = folder + "/" + kSnapshotsFolder;
    RETURN_IF_ERROR(ToStatus(folder_.db->GetEnv()->CreateDir(snapshots), "backup: make a folder"));
    RETURN_IF_ERROR(parts_.snapshots->CopyTo(snapshots));
    const std::string history = folder + "/" + kHistoryFolder;
    RETURN_IF_ERROR(ToStatus(folder_.db->GetEnv()->CreateDir(history), "backup: make a folder"));
    RETURN_IF_ERROR(parts_.history->CopyTo(history));
    RETURN_IF_ERROR(CheckpointOf(*folder_.db, folder + "/" + kLogFolder));
    return then();
  }

 private:
  rocksdb::ColumnFamilyHandle* family(Family f) const { return folder_.families[Index(f)]; }

  std::map<PoolId, PoolTail> Tails() const {
    MutexLock lock(tails_mutex_);
    return tails_;
  }

  // `tails`: the tails after the batch. Their times stamp its feedback.
  rocksdb::Status Fill(const LogBatch& batch, const std::map<PoolId, PoolTail>& tails,
                       rocksdb::WriteBatch& out) const {
    rocksdb::Status status;
    const auto put = [&](Family f, const std::string& key, const std::string& value) {
      if (status.ok()) status = out.Put(family(f), key, value);
    };
    for (const Event& event : batch.events) {
      put(Family::kEvents, EncodeSequenceKey(event.pool, event.sequence), EncodeEvent(event));
    }
    for (const Pool& pool : batch.pools) {
      put(Family::kPools, EncodePoolKey(pool.id), EncodePool(pool));
    }
    for (const auto& [key, record] : batch.feedback) {
      const auto tail = tails.find(key.pool);
      put(Family::kFeedback, EncodeFeedbackKey(key.pool, key.decision_id, key.arm),
          EncodeFeedback(record, tail == tails.end() ? 0 : tail->second.time));
    }
    for (const auto& [pool, experience] : batch.experience) {
      put(Family::kExperience, EncodeSequenceKey(pool, experience.sequence),
          EncodeExperience(experience));
    }
    for (const auto& [pool, progress] : batch.progress) {
      put(Family::kProgress, EncodePoolKey(pool), EncodeProgress(progress));
    }
    for (const auto& [pool, sequence] : batch.experience_removed) {
      if (!status.ok()) break;
      status = out.Delete(family(Family::kExperience), EncodeSequenceKey(pool, sequence));
    }
    if (batch.applied) put(Family::kMeta, kMetaApplied, EncodeApplied(*batch.applied));
    return status;
  }

  absl::Status Write(rocksdb::WriteBatch& batch, Durability durability, const char* what) {
    RETURN_IF_ERROR(latch_.Check());
    // A sync covers everything written before it, so at least this much is then on disk, even if another
    // thread has written in between.
    const uint64_t covered = folder_.db->GetLatestSequenceNumber() + batch.Count();
    const rocksdb::Status status = folder_.db->Write(WriteOptionsFor(durability), &batch);
    if (!status.ok()) return latch_.Fail(ToStatus(status, what));
    if (durability != Durability::kDisk) return absl::OkStatus();
    const absl::Status marked = parts_.mark->RaiseTo(covered);
    return marked.ok() ? marked : latch_.Fail(marked);
  }

  const LogParts parts_;  // first: the lock is released after the database is closed
  LogFolder folder_;
  WriteLatch latch_;
  Mutex pool_id_mutex_;
  mutable Mutex tails_mutex_;
  std::map<PoolId, PoolTail> tails_ GUARDED_BY(tails_mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> MakeRocksEventLog(LogFolder folder, LogParts parts) {
  std::map<PoolId, PoolTail> tails;
  ASSIGN_OR_RETURN(tails, ReadTails(folder));
  return std::make_unique<RocksEventLog>(std::move(folder), std::move(parts), std::move(tails));
}

}  // namespace pointsman::storage
