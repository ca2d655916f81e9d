// What both RocksDB databases share. RocksDB's own headers are included in .cc files alone.
// Threads: pure functions.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "domain/types.h"
#include "storage/rocks/families.h"
#include "storage/folder/folder_lock.h"
#include "storage/api/storage.h"

namespace rocksdb {
class Cache;
class CompactionFilter;
class DB;
class Env;
class Status;
struct ColumnFamilyOptions;
struct DBOptions;
struct Options;
struct WriteOptions;
}  // namespace rocksdb

namespace pointsman {

class AcknowledgedMark;
class SnapshotFiles;
struct LogFolder;

// The one place where RocksDB's errors become ours; `what` begins the message ("log: commit").
absl::Status ToStatus(const rocksdb::Status& status, std::string_view what);

rocksdb::WriteOptions WriteOptionsFor(Durability durability);

// `env`: where files live; null for the machine's.
rocksdb::DBOptions LogDbOptions(rocksdb::Env* env);
// `filter`: of the feedback family; it outlives the database.
rocksdb::ColumnFamilyOptions LogFamilyOptions(const FamilyRow& row,
                                              const std::shared_ptr<rocksdb::Cache>& cache,
                                              const rocksdb::CompactionFilter* filter);
rocksdb::Options DecisionsOptions(const StorageOptions& options, rocksdb::Env* env);
// Of the family that has the decisions by time; `records`: of the one that has them.
rocksdb::ColumnFamilyOptions DecisionTimesOptions(const rocksdb::Options& records);
std::shared_ptr<rocksdb::Cache> NewLogCache();

// Removes feedback records stamped before `horizon`, which outlives it, in compactions.
std::unique_ptr<rocksdb::CompactionFilter> NewFeedbackFilter(const std::atomic<Micros>& horizon);

// Whether there is a database in `path`.
bool IsDatabase(const std::string& path);

// Closes, after a sync of what was written: RocksDB does not sync its log on Close. `is_broken`: a
// write failed before; then there is no sync, since RocksDB takes one on a file that failed for a
// programmer's error and aborts. Column family handles are destroyed before.
void CloseDb(std::unique_ptr<rocksdb::DB> db, bool is_broken);

absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksEventLog(const StorageOptions& options,
                                                            std::shared_ptr<const FolderLock> lock,
                                                            rocksdb::Env* env);
absl::StatusOr<std::unique_ptr<DecisionStore>> OpenRocksDecisionStore(
    const StorageOptions& options, std::shared_ptr<const FolderLock> lock, rocksdb::Env* env);

// What a data folder holds.
inline constexpr char kLogFolder[] = "log";
inline constexpr char kDecisionsFolder[] = "decisions";
inline constexpr char kSnapshotsFolder[] = "snapshots";
inline constexpr char kMarkFile[] = "ACKNOWLEDGED";

// A copy of a database that is being written, in `path`, which is made.
absl::Status CheckpointOf(rocksdb::DB& db, const std::string& path);

// What an event log holds beside its database.
struct LogParts {
  std::shared_ptr<const FolderLock> lock;
  std::shared_ptr<const void> scratch;
  std::unique_ptr<AcknowledgedMark> mark;  // null: open for reading alone
  std::unique_ptr<SnapshotFiles> snapshots;
  LogParts();
  LogParts(LogParts&&) noexcept;
  LogParts& operator=(LogParts&&) = delete;
  ~LogParts();
};
absl::StatusOr<std::unique_ptr<EventLog>> MakeRocksEventLog(LogFolder folder, LogParts parts);

// OpenRocksStorage on another Env: tests lose power and fail writes there.
absl::StatusOr<Storage> OpenRocksStorageOn(const StorageOptions& options, rocksdb::Env* env);

}  // namespace pointsman
