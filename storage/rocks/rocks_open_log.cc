// Opens the event log on disk, for writing and for reading only.
#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/folder/migrations.h"
#include "storage/folder/snapshot_files.h"
#include "storage/rocks/acknowledged_mark.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"

namespace pointsman::storage {
namespace {

absl::Status LostWrites(const std::string& path, const std::string& mark_path, uint64_t end,
                        uint64_t mark) {
  return DataLoss(
      "log: ", Quoted(path, 1024), " has lost acknowledged writes: it ends at write ", end, " of ",
      mark, "; restore the data folder from a backup, or, to continue with what is left, remove ",
      Quoted(mark_path, 1024), " and restart");
}

// Removes the files of pools that were dropped, in case of a crash between the two steps.
absl::Status ForgetFilesOfDroppedPools(const LogFolder& folder, SnapshotFiles& snapshots,
                                       SnapshotFiles& history) {
  std::set<PoolId> kept;
  ASSIGN_OR_RETURN(const auto tails, ReadTails(folder));
  for (const auto& [pool, tail] : tails) kept.insert(pool);
  RETURN_IF_ERROR(snapshots.DropAllBut(kept));
  return history.DropAllBut(kept);
}

// A temporary folder that is removed with this object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code error;
    path_ = (std::filesystem::temp_directory_path(error) / "pointsman-read-XXXXXX").string();
    if (error || mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

absl::Status CheckpointOf(rocksdb::DB& db, const std::string& path) {
  rocksdb::Checkpoint* made = nullptr;
  RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(&db, &made), "backup"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  return ToStatus(checkpoint->CreateCheckpoint(path), Cat("backup to ", Quoted(path, 1024)));
}

absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksEventLog(const StorageOptions& options,
                                                            std::shared_ptr<const FolderLock> lock,
                                                            rocksdb::Env* env) {
  const std::string mark_path = options.folder + "/" + kMarkFile;
  const std::string path = options.folder + "/" + kLogFolder;
  if (!IsDatabase(path)) std::remove(mark_path.c_str());  // of a log that was moved away
  ASSIGN_OR_RETURN(LogFolder folder, OpenLogFolder(path, env));
  const uint64_t end = folder.db->GetLatestSequenceNumber();
  ASSIGN_OR_RETURN(auto mark, AcknowledgedMark::Open(mark_path, end));
  if (mark->value() > end) return LostWrites(path, mark_path, end, mark->value());
  LogParts parts;
  ASSIGN_OR_RETURN(parts.snapshots, SnapshotFiles::Open(options.folder + "/" + kSnapshotsFolder,
                                                        env, /*is_read_only=*/false));
  ASSIGN_OR_RETURN(parts.history, SnapshotFiles::Open(options.folder + "/" + kHistoryFolder, env,
                                                      /*is_read_only=*/false));
  RETURN_IF_ERROR(Migrate(folder, *parts.snapshots));
  RETURN_IF_ERROR(ForgetFilesOfDroppedPools(folder, *parts.snapshots, *parts.history));
  parts.lock = std::move(lock);
  parts.mark = std::move(mark);
  return MakeRocksEventLog(std::move(folder), std::move(parts));
}

absl::StatusOr<std::unique_ptr<EventLog>> ReadRocksEventLog(const std::string& folder_path) {
  const std::string mark_path = folder_path + "/" + kMarkFile;
  const std::string path = folder_path + "/" + kLogFolder;
  const auto scratch = std::make_shared<const ScratchFolder>();
  if (scratch->path().empty()) {
    return absl::UnavailableError("cannot make a temporary folder; is TMPDIR writable?");
  }
  // Snapshots are opened before the log. The log only grows, so it contains every event that they cover.
  LogParts parts;
  ASSIGN_OR_RETURN(parts.snapshots, SnapshotFiles::Open(folder_path + "/" + kSnapshotsFolder,
                                                        nullptr, /*is_read_only=*/true));
  ASSIGN_OR_RETURN(parts.history, SnapshotFiles::Open(folder_path + "/" + kHistoryFolder, nullptr,
                                                      /*is_read_only=*/true));
  ASSIGN_OR_RETURN(const uint64_t mark, AcknowledgedMark::Peek(mark_path));
  ASSIGN_OR_RETURN(LogFolder folder, ReadLogFolder(path, scratch->path()));
  const uint64_t end = folder.db->GetLatestSequenceNumber();
  if (mark > end) return LostWrites(path, mark_path, end, mark);
  parts.scratch = scratch;
  return MakeRocksEventLog(std::move(folder), std::move(parts));
}

}  // namespace pointsman::storage
