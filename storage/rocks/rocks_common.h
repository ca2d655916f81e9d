// What the two RocksDB databases share. RocksDB's own headers are included in .cc files only.
// Threads: pure functions.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "domain/types.h"
#include "storage/api/storage.h"
#include "storage/folder/folder_lock.h"
#include "storage/rocks/families.h"

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

namespace pointsman::storage {

class AcknowledgedMark;
class SnapshotFiles;
struct LogFolder;

// The only place that converts RocksDB's errors to ours. `what` begins the message ("log: commit").
absl::Status ToStatus(const rocksdb::Status& status, std::string_view what);

rocksdb::WriteOptions WriteOptionsFor(Durability durability);

// `env`: where files are; null: the machine's own.
rocksdb::DBOptions LogDbOptions(rocksdb::Env* env);
// `filter`: for the feedback family; it outlives the database.
rocksdb::ColumnFamilyOptions LogFamilyOptions(const FamilyRow& row,
                                              const std::shared_ptr<rocksdb::Cache>& cache,
                                              const rocksdb::CompactionFilter* filter);
rocksdb::Options DecisionsOptions(const StorageOptions& options, rocksdb::Env* env);
// Options of the family that has the decisions by time. `records`: options of the
// family that has the decisions.
rocksdb::ColumnFamilyOptions DecisionTimesOptions(const rocksdb::Options& records);
std::shared_ptr<rocksdb::Cache> NewLogCache();

// A filter that removes feedback records stamped before `horizon` in compactions. `horizon` outlives it.
std::unique_ptr<rocksdb::CompactionFilter> NewFeedbackFilter(const std::atomic<Micros>& horizon);

// Whether there is a database in `path`.
bool IsDatabase(const std::string& path);

// Syncs what was written and closes: RocksDB does not sync its log on Close. `is_broken`: a write failed
// before. Then there is no sync, because RocksDB treats a sync of a file that failed as a programmer's error
// and aborts. Destroy the column family handles before.
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
inline constexpr char kHistoryFolder[] = "history";
inline constexpr char kMarkFile[] = "ACKNOWLEDGED";

// Copies a database that may be written meanwhile to `path`, and makes that folder.
absl::Status CheckpointOf(rocksdb::DB& db, const std::string& path);

// What an event log holds in addition to its database.
struct LogParts {
  std::shared_ptr<const FolderLock> lock;
  std::shared_ptr<const void> scratch;
  std::unique_ptr<AcknowledgedMark> mark;  // null: open for reading only
  std::unique_ptr<SnapshotFiles> snapshots;
  std::unique_ptr<SnapshotFiles> history;  // a pool's newest file is its history
  LogParts();
  LogParts(LogParts&&) noexcept;
  LogParts& operator=(LogParts&&) = delete;
  ~LogParts();
};
absl::StatusOr<std::unique_ptr<EventLog>> MakeRocksEventLog(LogFolder folder, LogParts parts);

// OpenRocksStorage on another Env, where tests lose power and fail writes.
absl::StatusOr<Storage> OpenRocksStorageOn(const StorageOptions& options, rocksdb::Env* env);

}  // namespace pointsman::storage
