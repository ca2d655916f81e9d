#include "fault_env.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <utility>

namespace pointsman::storage {
namespace {

class FaultFile final : public rocksdb::WritableFileWrapper {
 public:
  FaultFile(std::string path, std::unique_ptr<rocksdb::WritableFile> file, FaultEnv& env)
      : rocksdb::WritableFileWrapper(file.get()),
        path_(std::move(path)),
        file_(std::move(file)),
        env_(env) {}

  rocksdb::Status Append(const rocksdb::Slice& data) override {
    const rocksdb::Status status = env_.CountOperation();
    if (!status.ok()) return status;
    size_ += data.size();
    return file_->Append(data);
  }
  rocksdb::Status Append(const rocksdb::Slice& data,
                         const rocksdb::DataVerificationInfo&) override {
    return Append(data);
  }
  rocksdb::Status Sync() override {
    const rocksdb::Status status = env_.CountOperation();
    if (status.ok()) env_.NoteSynced(path_, size_);
    return status;
  }
  rocksdb::Status Fsync() override { return Sync(); }
  rocksdb::Status Truncate(uint64_t size) override {
    size_ = size;
    return file_->Truncate(size);
  }

 private:
  const std::string path_;
  const std::unique_ptr<rocksdb::WritableFile> file_;
  FaultEnv& env_;
  // RocksDB lets one thread at a time write a file; atomic, because ThreadSanitizer cannot see
  // that.
  std::atomic<uint64_t> size_ = 0;
};

class FaultFolder final : public rocksdb::Directory {
 public:
  FaultFolder(std::string path, FaultEnv& env) : path_(std::move(path)), env_(env) {}
  rocksdb::Status Fsync() override {
    const rocksdb::Status status = env_.CountOperation();
    if (status.ok()) env_.NoteFolderSynced(path_);
    return status;
  }

 private:
  const std::string path_;
  FaultEnv& env_;
};

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

}  // namespace

void FaultEnv::FailFrom(int64_t k) {
  MutexLock lock(mutex_);
  fails_from_ = k;
}

int64_t FaultEnv::operations() const {
  MutexLock lock(mutex_);
  return operations_;
}

rocksdb::Status FaultEnv::CountOperation() {
  MutexLock lock(mutex_);
  ++operations_;
  if (fails_from_ > 0 && operations_ >= fails_from_) {
    return rocksdb::Status::IOError("the power is cut");
  }
  return rocksdb::Status::OK();
}

void FaultEnv::NoteSynced(const std::string& path, uint64_t size) {
  MutexLock lock(mutex_);
  synced_bytes_[path] = size;
}

void FaultEnv::NoteFolderSynced(const std::string& folder) {
  MutexLock lock(mutex_);
  ForgetUnsyncedNames(FolderOf(folder + "/x"));
}

void FaultEnv::ForgetUnsyncedNames(const std::string& folder) {
  std::erase_if(unsynced_names_, [&](const std::string& path) { return FolderOf(path) == folder; });
}

rocksdb::Status FaultEnv::NewWritableFile(const std::string& path,
                                          std::unique_ptr<rocksdb::WritableFile>* file,
                                          const rocksdb::EnvOptions& options) {
  rocksdb::Status status = CountOperation();
  std::unique_ptr<rocksdb::WritableFile> inner;
  if (status.ok()) status = target()->NewWritableFile(path, &inner, options);
  if (!status.ok()) return status;
  *file = std::make_unique<FaultFile>(path, std::move(inner), *this);
  MutexLock lock(mutex_);
  synced_bytes_[path] = 0;
  unsynced_names_.insert(path);
  return status;
}

rocksdb::Status FaultEnv::ReopenWritableFile(const std::string&,
                                             std::unique_ptr<rocksdb::WritableFile>*,
                                             const rocksdb::EnvOptions&) {
  return rocksdb::Status::NotSupported("FaultEnv does not reopen files");
}

rocksdb::Status FaultEnv::NewDirectory(const std::string& path,
                                       std::unique_ptr<rocksdb::Directory>* folder) {
  std::unique_ptr<rocksdb::Directory> inner;
  const rocksdb::Status status = target()->NewDirectory(path, &inner);
  if (status.ok()) *folder = std::make_unique<FaultFolder>(path, *this);
  return status;
}

rocksdb::Status FaultEnv::RenameFile(const std::string& from, const std::string& to) {
  rocksdb::Status status = CountOperation();
  if (status.ok()) status = target()->RenameFile(from, to);
  if (!status.ok()) return status;
  MutexLock lock(mutex_);
  if (auto moved = synced_bytes_.extract(from)) {
    synced_bytes_.erase(to);
    moved.key() = to;
    synced_bytes_.insert(std::move(moved));
  }
  ForgetUnsyncedNames(FolderOf(to));
  return status;
}

rocksdb::Status FaultEnv::DeleteFile(const std::string& path) {
  {
    MutexLock lock(mutex_);
    if (fails_from_ > 0 && operations_ >= fails_from_) {
      return rocksdb::Status::IOError("the power is cut");
    }
    synced_bytes_.erase(path);
    unsynced_names_.erase(path);
  }
  return target()->DeleteFile(path);
}

void FaultEnv::LosePower(Rng& rng) {
  MutexLock lock(mutex_);
  for (const auto& [path, synced] : synced_bytes_) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(path, error);
    if (error || size <= synced) continue;
    const uint64_t kept = synced + rng.Below(size - synced + 1);
    std::filesystem::resize_file(path, kept);
    if (kept > synced && rng.Below(2) == 0) {
      const uint64_t from = synced + rng.Below(kept - synced);
      const std::string zeros(rng.Below(kept - from) + 1, '\0');
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(from));
      file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    }
  }
  for (const std::string& path : unsynced_names_) std::filesystem::remove(path);
  synced_bytes_.clear();
  unsynced_names_.clear();
  fails_from_ = 0;
}

}  // namespace pointsman::storage
