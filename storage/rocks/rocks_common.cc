#include "storage/rocks/rocks_common.h"

#include <rocksdb/db.h>
#include <rocksdb/status.h>

#include <filesystem>
#include <system_error>

#include "base/strings.h"
#include "storage/folder/snapshot_files.h"
#include "storage/rocks/acknowledged_mark.h"

namespace pointsman::storage {

absl::Status ToStatus(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = Cat(what, ": ", status.ToString());
  switch (status.code()) {
    case rocksdb::Status::kNotFound:
      return absl::NotFoundError(message);
    case rocksdb::Status::kCorruption:
      return absl::DataLossError(message);
    case rocksdb::Status::kIOError:
      if (status.IsNoSpace()) {
        return absl::UnavailableError(Cat("the disk is full: ", message));
      }
      return absl::UnavailableError(message);
    case rocksdb::Status::kMergeInProgress:
    case rocksdb::Status::kIncomplete:
    case rocksdb::Status::kShutdownInProgress:
    case rocksdb::Status::kTimedOut:
    case rocksdb::Status::kAborted:
    case rocksdb::Status::kBusy:
    case rocksdb::Status::kExpired:
    case rocksdb::Status::kTryAgain:
      return absl::UnavailableError(message);
    default:  // kNotSupported, kInvalidArgument and similar: our mistake
      return absl::InternalError(message);
  }
}

rocksdb::WriteOptions WriteOptionsFor(Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kDisk;
  options.disableWAL = false;
  return options;
}

LogParts::LogParts() = default;
LogParts::LogParts(LogParts&&) noexcept = default;
LogParts::~LogParts() = default;

bool IsDatabase(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path + "/CURRENT", error);
}

void CloseDb(std::unique_ptr<rocksdb::DB> db, bool is_broken) {
  if (db == nullptr) return;
  // Nobody waits for these writes: everything acknowledged as durable is already synced.
  if (!is_broken) db->FlushWAL(/*sync=*/true).PermitUncheckedError();
  db->Close().PermitUncheckedError();
}

}  // namespace pointsman::storage
