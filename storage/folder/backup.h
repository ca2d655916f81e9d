// Backups of a data folder: made while it is written, restored into an empty one.
// Operation: a backup is a folder laid out like a data folder: hard links to files that never change
//   where the file system can, copies of the rest. The file BACKUP in it lists the others with their
//   sizes and is written last, and the folder gets its name after that: one that is cut off has
//   neither. What was acknowledged before the call is in it; decisions may be a moment newer.
// Errors: kUnavailable when a medium fails, kAlreadyExists for a backup that is there, kNotFound for
//   one that is not, kFailedPrecondition for a target folder that is not empty, kDataLoss for a backup
//   that lacks what it lists.
// Threads: MakeBackup as EventLog::Checkpoint; the others are functions of the files alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/api/storage.h"

namespace pointsman {

struct BackupInfo {
  std::string folder;
  int64_t files = 0;
  int64_t bytes = 0;
};

// `folder` is made, with the folders above it.
absl::StatusOr<BackupInfo> MakeBackup(const Storage& storage, const std::string& folder);

// Whether all that the backup lists is there. Cost: one look at each file's size.
absl::StatusOr<BackupInfo> CheckBackup(const std::string& folder);

// Copies a backup into `data_folder`, which is made, or empty. `on_progress` is told the bytes copied
// so far, and may be null.
absl::StatusOr<BackupInfo> RestoreBackup(const std::string& folder, const std::string& data_folder,
                                         const std::function<void(int64_t bytes)>& on_progress);

// Whether a folder is a backup: not one to serve from.
bool IsBackup(const std::string& folder);

}  // namespace pointsman
