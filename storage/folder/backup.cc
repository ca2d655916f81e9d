#include "storage/folder/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/siphash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/folder/folder_lock.h"
#include "storage/rocks/rocks_common.h"

namespace pointsman::storage {
namespace {

namespace fs = std::filesystem;

constexpr char kListFile[] = "BACKUP";
constexpr char kListHead[] = "pointsman backup 1";
constexpr char kRestoring[] = ".restoring";
constexpr std::size_t kCopyBytes = 1 << 20;

struct ListedFile {
  std::string path;  // below the backup
  int64_t bytes = 0;
};

absl::Status Failed(std::string_view doing, const fs::path& path, std::string_view why) {
  return absl::UnavailableError(Cat("cannot ", doing, " ", Quoted(path.string(), 1024), ": ", why));
}

absl::Status SyncFile(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failed("open", path, std::strerror(errno));
  const int result = fsync(file);
  const int cause = errno;
  close(file);
  return result == 0 ? absl::OkStatus() : Failed("sync", path, std::strerror(cause));
}

// Every file below `folder`, sorted. The files and the folders above them are made durable.
absl::StatusOr<std::vector<ListedFile>> SyncAndList(const fs::path& folder) {
  std::vector<ListedFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    RETURN_IF_ERROR(SyncFile(it->path()));
    if (!it->is_regular_file(error)) continue;
    files.push_back({fs::relative(it->path(), folder, error).string(),
                     static_cast<int64_t>(it->file_size(error))});
  }
  if (error) return Failed("list", folder, error.message());
  RETURN_IF_ERROR(SyncFolder(folder.string()));
  std::sort(files.begin(), files.end(),
            [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
  return files;
}

std::string ListText(const std::vector<ListedFile>& files) {
  std::string text = Cat(kListHead, "\n");
  for (const ListedFile& file : files) text += Cat(file.bytes, " ", file.path, "\n");
  return text + Cat("checksum ", Checksum(text), "\n");
}

absl::StatusOr<std::vector<ListedFile>> ReadList(const fs::path& folder) {
  std::ifstream in(folder / kListFile, std::ios::binary);
  if (!in) {
    return NotFound(
        Quoted(folder.string(), 1024),
        " is not a backup: it has no file BACKUP; name a folder that `pointsman backup` "
        "made");
  }
  std::vector<ListedFile> files;
  std::string line;
  std::getline(in, line);
  const absl::Status damaged = DataLoss("the list of backup ", Quoted(folder.string(), 1024),
                                        " (its file BACKUP) is damaged; use another backup");
  if (line != kListHead) return damaged;
  while (std::getline(in, line) && line.rfind("checksum ", 0) != 0) {
    ListedFile file;
    std::istringstream fields(line);
    if (!(fields >> file.bytes) || fields.get() != ' ' || !std::getline(fields, file.path)) {
      return damaged;
    }
    files.push_back(std::move(file));
  }
  const std::string text = ListText(files);
  if (text.substr(text.rfind("checksum ")) != line + "\n") return damaged;
  return files;
}

absl::StatusOr<BackupInfo> InfoOf(const std::string& folder, const std::vector<ListedFile>& files) {
  BackupInfo info{folder, static_cast<int64_t>(files.size()), 0};
  for (const ListedFile& file : files) {
    std::error_code error;
    const auto bytes = fs::file_size(fs::path(folder) / file.path, error);
    if (error || static_cast<int64_t>(bytes) != file.bytes) {
      return DataLoss("backup ", Quoted(folder, 1024), " lacks ", file.path, " of ", file.bytes,
                      " bytes", error ? "" : Cat(" (it has ", bytes, ")"), "; use another backup");
    }
    info.bytes += file.bytes;
  }
  return info;
}

// lost+found, which a new file system has in its root, is no reason to refuse.
absl::Status CheckEmpty(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return absl::OkStatus();
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name == "lost+found" || name == kRestoring) continue;
    return FailedPrecondition("folder ", Quoted(folder.string(), 1024), " is not empty (it has ",
                              Quoted(name),
                              "): restoring would mix two states; name an empty or a new folder");
  }
  return error ? Failed("list", folder, error.message()) : absl::OkStatus();
}

absl::Status CopyFile(const fs::path& from, const fs::path& to,
                      const std::function<void(int64_t)>& on_bytes) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  std::vector<char> buffer(kCopyBytes);
  while (in && out) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    out.write(buffer.data(), in.gcount());
    on_bytes(in.gcount());
  }
  out.close();
  if (in.bad() || !in.eof()) return Failed("read", from, "an I/O error");
  if (!out) return Failed("write", to, "is the disk full?");
  return absl::OkStatus();
}

absl::Status Rename(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  return error ? Failed("rename", from, error.message()) : absl::OkStatus();
}

}  // namespace

bool IsBackup(const std::string& folder) {
  std::error_code error;
  return fs::exists(fs::path(folder) / kListFile, error);
}

absl::StatusOr<BackupInfo> MakeBackup(const Storage& storage, const std::string& folder) {
  std::error_code error;
  const fs::path target = fs::absolute(folder, error).lexically_normal();
  if (fs::exists(target, error)) {
    return absl::AlreadyExistsError(
        Cat(Quoted(folder, 1024), " already exists; give the backup another name"));
  }
  const fs::path unfinished = target.string() + ".unfinished";
  fs::remove_all(unfinished, error);  // of an earlier attempt
  fs::create_directories(unfinished, error);
  if (error) return Failed("make", unfinished, error.message());
  const auto make = [&]() -> absl::Status {
    RETURN_IF_ERROR(storage.log->Checkpoint(
        unfinished.string(), [&] { return storage.decisions->Checkpoint(unfinished.string()); }));
    ASSIGN_OR_RETURN(const std::vector<ListedFile> files, SyncAndList(unfinished));
    std::ofstream list(unfinished / kListFile, std::ios::binary);
    list << ListText(files);
    list.close();
    if (!list) return Failed("write", unfinished / kListFile, "is the disk full?");
    RETURN_IF_ERROR(SyncFile(unfinished / kListFile));
    RETURN_IF_ERROR(SyncFolder(unfinished.string()));
    RETURN_IF_ERROR(Rename(unfinished, target));
    return SyncFolder(target.parent_path().string());
  };
  const absl::Status made = make();
  if (!made.ok()) {
    fs::remove_all(unfinished, error);
    return made;
  }
  return CheckBackup(target.string());
}

absl::StatusOr<BackupInfo> CheckBackup(const std::string& folder) {
  ASSIGN_OR_RETURN(const std::vector<ListedFile> files, ReadList(folder));
  return InfoOf(folder, files);
}

absl::StatusOr<BackupInfo> RestoreBackup(const std::string& folder, const std::string& data_folder,
                                         const std::function<void(int64_t bytes)>& on_progress) {
  ASSIGN_OR_RETURN(const std::vector<ListedFile> files, ReadList(folder));
  ASSIGN_OR_RETURN(BackupInfo info, InfoOf(folder, files));
  const fs::path target(data_folder);
  RETURN_IF_ERROR(CheckEmpty(target));
  const fs::path aside = target / kRestoring;
  std::error_code error;
  fs::remove_all(aside, error);  // of an earlier attempt
  fs::create_directories(aside, error);
  if (error) return Failed("make", aside, error.message());
  int64_t copied = 0;
  for (const ListedFile& file : files) {
    const fs::path to = aside / file.path;
    fs::create_directories(to.parent_path(), error);
    if (error) return Failed("make", to.parent_path(), error.message());
    RETURN_IF_ERROR(CopyFile(fs::path(folder) / file.path, to, [&](int64_t bytes) {
      copied += bytes;
      if (on_progress) on_progress(copied);
    }));
  }
  RETURN_IF_ERROR(SyncAndList(aside).status());
  // The log comes last: if this is interrupted, a folder with decisions and no log is refused.
  for (const char* part : {kHistoryFolder, kSnapshotsFolder, kDecisionsFolder, kLogFolder}) {
    if (fs::exists(aside / part, error)) RETURN_IF_ERROR(Rename(aside / part, target / part));
  }
  fs::remove_all(aside, error);
  RETURN_IF_ERROR(SyncFolder(target.string()));
  info.folder = data_folder;
  return info;
}

}  // namespace pointsman::storage
