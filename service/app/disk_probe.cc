#include "service/app/disk_probe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <string_view>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::service {
namespace {

absl::Status Failed(const std::string& folder, std::string_view what, int error) {
  const std::string_view full = error == ENOSPC || error == EDQUOT ? "the disk is full: " : "";
  return absl::UnavailableError(
      Cat(full, "cannot ", what, " ", Quoted(folder, 1024), ": ", std::strerror(error)));
}

absl::Status ProbeFailed(const std::string& folder, std::string_view what, int error) {
  return Failed(folder, Cat(what, " a file of ", kProbeBytes >> 20, " MB in"), error);
}

// 0, or errno.
int WriteAll(int file) {
  const std::vector<char> block(64 << 10, 'p');
  for (int64_t written = 0; written < kProbeBytes;) {
    const ssize_t n = write(file, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    written += n;
  }
  return 0;
}

absl::Status ProbeFolder(const std::string& folder) {
  const std::string path = folder + "/.probe";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return ProbeFailed(folder, "create", errno);
  unlink(path.c_str());  // deleted when its descriptor is closed, whatever happens
  const int error = WriteAll(file);
  const int synced = error == 0 && fsync(file) != 0 ? errno : 0;
  close(file);
  if (error != 0) return ProbeFailed(folder, "write", error);
  if (synced != 0) return ProbeFailed(folder, "sync", synced);
  return absl::OkStatus();
}

// The size of the write-ahead logs in a database's folder.
int64_t LogBytes(const std::string& folder) {
  std::error_code ignored;
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    struct stat info {};
    if (entry.path().extension() == ".log" && stat(entry.path().c_str(), &info) == 0) {
      bytes += info.st_size;
    }
  }
  return bytes;
}

absl::Status CheckRoom(const std::string& folder, int64_t bytes) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return Failed(folder, "read the free space of", errno);
  const auto free = static_cast<int64_t>(disk.f_bavail * disk.f_frsize);
  if (free >= bytes) return absl::OkStatus();
  return absl::UnavailableError(Cat("the disk is full: ", free >> 20, " MB are free in ",
                                    Quoted(folder, 1024), ", and opening the storage may need ",
                                    (bytes >> 20) + 1, " MB"));
}

}  // namespace

absl::Status ProbeDisk(const std::string& data_dir) {
  std::vector<std::string> folders = {data_dir};
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir, ignored)) {
    if (entry.is_directory(ignored)) folders.push_back(entry.path().string());
  }
  struct Disk {
    std::string folder;
    int64_t bytes = kProbeBytes;
  };
  std::map<dev_t, Disk> disks;
  for (const std::string& folder : folders) {
    struct stat info {};
    if (stat(folder.c_str(), &info) != 0) return Failed(folder, "access the folder", errno);
    Disk& disk = disks[info.st_dev];
    if (disk.folder.empty()) disk.folder = folder;
    disk.bytes += LogBytes(folder);
  }
  for (const auto& [device, disk] : disks) {
    RETURN_IF_ERROR(ProbeFolder(disk.folder));
    RETURN_IF_ERROR(CheckRoom(disk.folder, disk.bytes));
  }
  return absl::OkStatus();
}

}  // namespace pointsman::service
