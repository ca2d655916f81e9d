#include "storage/folder/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::storage {

absl::StatusOr<std::shared_ptr<const FolderLock>> FolderLock::Take(const std::string& folder) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(Cat("data folder ", Quoted(folder, 1024), " cannot be made: ",
                                      error.message(), "; name one that can be written"));
  }
  if (is_new) {
    const auto path = std::filesystem::absolute(folder / std::filesystem::path("."), error);
    RETURN_IF_ERROR(SyncFolder(path.lexically_normal().parent_path().parent_path().string()));
  }
  const std::string path = folder + "/LOCK";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) {
    return absl::UnavailableError(Cat("data folder ", Quoted(folder, 1024),
                                      " cannot be written: ", std::strerror(errno),
                                      "; check its owner and whether it is mounted read-only"));
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const int cause = errno;
    close(file);
    if (cause == EWOULDBLOCK) {
      return FailedPrecondition("data folder ", Quoted(folder, 1024),
                                " is held by another process; stop that one, or name another "
                                "folder");
    }
    return absl::UnavailableError(
        Cat("data folder ", Quoted(folder, 1024), " cannot be locked: ", std::strerror(cause)));
  }
  return std::shared_ptr<const FolderLock>(new FolderLock(file));
}

FolderLock::~FolderLock() { close(file_); }

absl::Status SyncFolder(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0 || fsync(file) != 0) {
    const int cause = errno;
    if (file >= 0) close(file);
    return absl::UnavailableError(
        Cat("folder ", Quoted(folder, 1024), " cannot be synced: ", std::strerror(cause)));
  }
  close(file);
  return absl::OkStatus();
}

}  // namespace pointsman::storage
