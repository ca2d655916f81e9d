#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/api/storage.h"
#include "storage/folder/backup.h"
#include "storage/folder/folder_lock.h"
#include "storage/rocks/rocks_common.h"

namespace pointsman::storage {
namespace {

absl::Status CheckOptions(const StorageOptions& options) {
  if (options.folder.empty()) return InvalidArgument("storage: the data folder has no name");
  if (options.decision_ttl_s < 1) {
    return InvalidArgument("storage: decision_ttl_s must be at least 1, got ",
                           options.decision_ttl_s);
  }
  if (options.decisions_bytes_max < 1) {
    return InvalidArgument("storage: decisions_bytes_max must be at least 1, got ",
                           options.decisions_bytes_max);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Storage> OpenRocksStorageOn(const StorageOptions& options, rocksdb::Env* env) {
  RETURN_IF_ERROR(CheckOptions(options));
  if (IsBackup(options.folder)) {
    return FailedPrecondition("folder ", Quoted(options.folder, 1024),
                              " is a backup, and serving from it would change it; `pointsman "
                              "restore` copies it into a data folder");
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const FolderLock> lock, FolderLock::Take(options.folder));
  // The log is made first. A new log beside old decisions would assign the ids of their pools again.
  if (IsDatabase(options.folder + "/decisions") && !IsDatabase(options.folder + "/log")) {
    return FailedPrecondition("data folder ", Quoted(options.folder, 1024),
                              " holds decisions/ but no log/; restore log/ from a backup, or move "
                              "decisions/ away to start empty");
  }
  const bool is_new = !IsDatabase(options.folder + "/decisions");  // the last to be made
  Storage storage;
  ASSIGN_OR_RETURN(storage.log, OpenRocksEventLog(options, lock, env));
  ASSIGN_OR_RETURN(storage.decisions, OpenRocksDecisionStore(options, lock, env));
  if (is_new) RETURN_IF_ERROR(SyncFolder(options.folder));
  return storage;
}

absl::StatusOr<Storage> OpenRocksStorage(const StorageOptions& options) {
  return OpenRocksStorageOn(options, nullptr);
}

}  // namespace pointsman::storage
