// What both RocksDB databases share. RocksDB's own headers are included in .cc files alone.
// Threads: pure functions.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/types.h"
#include "storage/families.h"
#include "storage/folder_lock.h"
#include "storage/storage.h"

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

// OpenRocksStorage on another Env: tests lose power and fail writes there.
absl::StatusOr<Storage> OpenRocksStorageOn(const StorageOptions& options, rocksdb::Env* env);

}  // namespace pointsman
