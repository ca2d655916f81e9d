// Backups of a data folder: made while it is in use, restored into an empty one.
// Operation: a backup is a folder laid out like a data folder. Files that never change are hard links where
//   the file system allows it; the rest are copies. The file BACKUP in it lists the others with their sizes.
//   It is written last, and the folder gets its name after that, so an interrupted backup has neither. It
//   contains everything that was acknowledged before the call; decisions may be a moment newer.
// Errors: kUnavailable when a medium fails, kAlreadyExists for a backup that exists, kNotFound for one
//   that does not, kFailedPrecondition for a target folder that is not empty, kDataLoss for a backup
//   that lacks what it lists.
// Threads: MakeBackup as EventLog::Checkpoint; the others depend on the files alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/api/storage.h"

namespace pointsman::storage {

struct BackupInfo {
  std::string folder;
  int64_t files = 0;
  int64_t bytes = 0;
};

// Makes `folder` and its parent folders.
absl::StatusOr<BackupInfo> MakeBackup(const Storage& storage, const std::string& folder);

// Checks that everything the backup lists is there.
// Cost: one look at each file's size.
absl::StatusOr<BackupInfo> CheckBackup(const std::string& folder);

// Copies a backup into `data_folder`, which is made if missing and must be empty. `on_progress` gets the
// bytes copied so far; it may be null.
absl::StatusOr<BackupInfo> RestoreBackup(const std::string& folder, const std::string& data_folder,
                                         const std::function<void(int64_t bytes)>& on_progress);

// Whether a folder is a backup. A server must not serve from one.
bool IsBackup(const std::string& folder);

}  // namespace pointsman::storage
