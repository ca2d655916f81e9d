// Holds a data folder for one process, by a lock on the file LOCK in it. The kernel releases the lock when
// the process ends, however it ends. A second holder in the same process is refused too.
// Threads: made and destroyed by one owner; there is nothing else to call.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman::storage {

class FolderLock {
 public:
  // Makes the folder if it is missing.
  // Errors: kFailedPrecondition if it is held; kUnavailable if it cannot be made or written.
  static absl::StatusOr<std::shared_ptr<const FolderLock>> Take(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int file) : file_(file) {}
  const int file_;
};

// Makes the entries of a folder durable. Errors: kUnavailable.
absl::Status SyncFolder(const std::string& folder);

}  // namespace pointsman::storage
