#include "storage/folder/snapshot_files.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/sealed.h"
#include "storage/rocks/rocks_common.h"

namespace pointsman::storage {
namespace {

constexpr std::string_view kUnfinished = ".tmp";
constexpr std::size_t kPieceBytes = 1 << 20;
constexpr std::size_t kSyncEveryBytes = 8 << 20;

std::string NameOf(PoolId pool, Sequence sequence) {
  return absl::StrFormat("pool-%u-%020u.state", Index(pool), sequence);
}

bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

std::optional<std::pair<PoolId, Sequence>> ParseName(const std::string& name) {
  uint32_t pool = 0;
  Sequence sequence = 0;
  const char* const end = name.data() + name.size();
  if (name.rfind("pool-", 0) != 0) return std::nullopt;
  const auto first = std::from_chars(name.data() + 5, end, pool);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, sequence);
  if (second.ec != std::errc() || NameOf(PoolId{pool}, sequence) != name) return std::nullopt;
  return std::pair{PoolId{pool}, sequence};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SnapshotFiles>> SnapshotFiles::Open(const std::string& folder,
                                                                   rocksdb::Env* env,
                                                                   bool is_read_only) {
  if (env == nullptr) env = rocksdb::Env::Default();
  std::unique_ptr<SnapshotFiles> files(new SnapshotFiles(folder, env));
  if (is_read_only) {
    ASSIGN_OR_RETURN(files->names_, files->Names());
    return files;
  }
  RETURN_IF_ERROR(ToStatus(env->CreateDirIfMissing(folder), "snapshots: make the folder"));
  std::vector<std::string> names;
  ASSIGN_OR_RETURN(names, files->Names());
  for (const std::string& name : names) {
    if (!EndsWith(name, kUnfinished)) continue;
    RETURN_IF_ERROR(ToStatus(env->DeleteFile(Cat(folder, "/", name)), "snapshots: clear"));
  }
  return files;
}

std::string SnapshotFiles::PathOf(PoolId pool, Sequence sequence) const {
  return folder_ + "/" + NameOf(pool, sequence);
}

absl::StatusOr<std::vector<std::string>> SnapshotFiles::Names() const {
  if (names_) return *names_;
  std::vector<std::string> names;
  const rocksdb::Status status = env_->GetChildren(folder_, &names);
  if (status.IsNotFound()) return std::vector<std::string>();
  RETURN_IF_ERROR(ToStatus(status, "snapshots: list"));
  return names;
}

absl::StatusOr<std::vector<Sequence>> SnapshotFiles::List(PoolId pool) const {
  std::vector<std::string> names;
  ASSIGN_OR_RETURN(names, Names());
  std::vector<Sequence> sequences;
  for (const std::string& name : names) {
    const auto parsed = ParseName(name);
    if (parsed && parsed->first == pool) sequences.push_back(parsed->second);
  }
  std::sort(sequences.rbegin(), sequences.rend());
  return sequences;
}

absl::StatusOr<std::string> SnapshotFiles::Read(PoolId pool, Sequence sequence) const {
  const std::string what = Cat("snapshot ", sequence, " of pool ", Index(pool));
  std::string value;
  const rocksdb::Status status = rocksdb::ReadFileToString(env_, PathOf(pool, sequence), &value);
  if (status.IsNotFound() || status.IsPathNotFound()) {
    return NotFound("pool ", Index(pool), " has no snapshot at ", sequence);
  }
  if (!status.ok()) return ToStatus(status, what);
  const absl::StatusOr<std::string_view> bytes = Unseal(RecordKind::kSnapshot, value);
  if (!bytes.ok()) return DataLoss(what, ": ", bytes.status().message());
  value.erase(0, kSealBytes);
  return value;
}

absl::Status SnapshotFiles::Put(PoolId pool, Sequence sequence, std::string_view bytes,
                                int64_t keep) {
  if (keep < 1) return InvalidArgument("snapshots: at least 1 must be kept, not ", keep);
  std::vector<Sequence> kept;
  ASSIGN_OR_RETURN(kept, List(pool));
  if (std::find(kept.begin(), kept.end(), sequence) == kept.end()) kept.push_back(sequence);
  std::sort(kept.rbegin(), kept.rend());
  std::vector<Sequence> gone;
  while (kept.size() > static_cast<std::size_t>(keep)) {
    gone.push_back(kept.back());
    kept.pop_back();
  }
  if (kept.back() > sequence) return absl::OkStatus();  // older than all kept ones

  const std::string path = PathOf(pool, sequence);
  const std::string unfinished = path + std::string(kUnfinished);
  const absl::Status written = Write(unfinished, bytes);
  MutexLock lock(mutex_);
  if (!written.ok() || dropped_.contains(pool)) {
    env_->DeleteFile(unfinished).PermitUncheckedError();
    return written.ok() ? NotFound("pool ", Index(pool), " was dropped") : written;
  }
  RETURN_IF_ERROR(ToStatus(env_->RenameFile(unfinished, path), "snapshot: rename"));
  RETURN_IF_ERROR(SyncFolderEntries());
  for (const Sequence old : gone) RETURN_IF_ERROR(Delete(pool, old));
  return absl::OkStatus();
}

absl::Status SnapshotFiles::Write(const std::string& path, std::string_view bytes) const {
  std::unique_ptr<rocksdb::WritableFile> file;
  RETURN_IF_ERROR(ToStatus(env_->NewWritableFile(path, &file, rocksdb::EnvOptions()),
                           Cat("snapshot: make ", Quoted(path, 1024))));
  RETURN_IF_ERROR(ToStatus(file->Append(SealOf(RecordKind::kSnapshot, bytes)), "snapshot: write"));
  std::size_t unsynced = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    const std::string_view piece = bytes.substr(at, kPieceBytes);
    RETURN_IF_ERROR(
        ToStatus(file->Append(rocksdb::Slice(piece.data(), piece.size())), "snapshot: write"));
    unsynced += piece.size();
    if (unsynced < kSyncEveryBytes) continue;
    RETURN_IF_ERROR(ToStatus(file->Sync(), "snapshot: sync"));
    unsynced = 0;
  }
  RETURN_IF_ERROR(ToStatus(file->Sync(), "snapshot: sync"));
  return ToStatus(file->Close(), "snapshot: close");
}

absl::Status SnapshotFiles::SyncFolderEntries() const {
  std::unique_ptr<rocksdb::Directory> directory;
  RETURN_IF_ERROR(ToStatus(env_->NewDirectory(folder_, &directory), "snapshots: open the folder"));
  return ToStatus(directory->Fsync(), "snapshots: sync the folder");
}

absl::Status SnapshotFiles::Delete(PoolId pool, Sequence sequence) const {
  return ToStatus(env_->DeleteFile(PathOf(pool, sequence)),
                  Cat("snapshot ", sequence, " of pool ", Index(pool), ": delete"));
}

absl::Status SnapshotFiles::DropPool(PoolId pool) {
  MutexLock lock(mutex_);
  dropped_.insert(pool);
  std::vector<Sequence> sequences;
  ASSIGN_OR_RETURN(sequences, List(pool));
  for (const Sequence sequence : sequences) RETURN_IF_ERROR(Delete(pool, sequence));
  return absl::OkStatus();
}

absl::Status SnapshotFiles::DropAllBut(const std::set<PoolId>& kept) {
  std::vector<std::string> names;
  ASSIGN_OR_RETURN(names, Names());
  for (const std::string& name : names) {
    const auto parsed = ParseName(name);
    if (!parsed || kept.contains(parsed->first)) continue;
    RETURN_IF_ERROR(Delete(parsed->first, parsed->second));
  }
  return absl::OkStatus();
}

absl::Status SnapshotFiles::CopyTo(const std::string& folder) const {
  std::vector<std::string> names;
  ASSIGN_OR_RETURN(names, Names());
  for (const std::string& name : names) {
    if (!ParseName(name)) continue;
    const std::string from = Cat(folder_, "/", name), to = Cat(folder, "/", name);
    if (env_->LinkFile(from, to).ok()) continue;
    std::string bytes;  // another file system
    RETURN_IF_ERROR(ToStatus(rocksdb::ReadFileToString(env_, from, &bytes), "snapshots: read"));
    RETURN_IF_ERROR(ToStatus(rocksdb::WriteStringToFile(env_, bytes, to, /*should_sync=*/true),
                             "snapshots: copy"));
  }
  return absl::OkStatus();
}

}  // namespace pointsman::storage
