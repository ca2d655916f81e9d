// Opens the log database: its families, format version, secret, and the ends of the pools' logs.
// Threads: one owner; the database inside may be shared.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/siphash.h"
#include "domain/types.h"
#include "storage/api/batch_check.h"
#include "storage/api/log.h"
#include "storage/rocks/families.h"

namespace rocksdb {
class ColumnFamilyHandle;
class CompactionFilter;
class DB;
class Env;
}  // namespace rocksdb

namespace pointsman::storage {

// An open log database. Its destructor destroys the handles, syncs and closes the database, and then releases
// what the database pointed to.
struct LogFolder {
  LogFolder();
  LogFolder(LogFolder&&) noexcept;
  LogFolder& operator=(LogFolder&&) = delete;
  ~LogFolder();

  std::unique_ptr<std::atomic<Micros>> feedback_horizon;
  std::unique_ptr<rocksdb::CompactionFilter> feedback_filter;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // all that are open, to be destroyed
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies.size()> families{};  // by Family
  bool is_broken = false;  // a write failed: no sync when it closes (CloseDb)
  SipKey secret;
  uint32_t next_pool = 1;
  uint32_t format = kFormatVersion;
};

// Opens or makes the database in `path`.
// Errors: kFailedPrecondition for a newer format; kDataLoss if it cannot be read;
//   kUnavailable if the medium fails.
absl::StatusOr<LogFolder> OpenLogFolder(const std::string& path, rocksdb::Env* env);

// Opens the database as it is now, for reading only, whether a process writes to it meanwhile or not.
// `scratch`: a folder of the caller's for RocksDB's own messages; it outlives the result.
// Errors: as above; kNotFound if there is none; kFailedPrecondition for an older format too.
absl::StatusOr<LogFolder> ReadLogFolder(const std::string& path, const std::string& scratch);

// The last event of every pool.
// Errors: kDataLoss if one cannot be read.
// Cost: two seeks per pool.
absl::StatusOr<std::map<PoolId, PoolTail>> ReadTails(const LogFolder& folder);

// A secret and a number as `meta` stores them.
std::string EncodeMetaSecret(SipKey secret);
std::string EncodeMetaNumber(uint32_t number);

// How far a shared log was folded, as `meta` stores it.
std::string EncodeApplied(const AppliedMark& mark);
absl::StatusOr<AppliedMark> ReadApplied(const LogFolder& folder);

}  // namespace pointsman::storage
