// A file system whose power can be cut: from a chosen operation on nothing is written, and then everything
// unsynced is lost. Syncs are recorded, not carried out, so that a test can afford many. A new file's name is
// durable after a sync of its folder or a rename in it, because file systems keep the order of such changes.
// A rename and a deletion are durable at once.
// Threads: any, as RocksDB asks; LosePower while no database is open.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/mutex.h"
#include "base/rng.h"

namespace pointsman::storage {

class FaultEnv final : public rocksdb::EnvWrapper {
 public:
  FaultEnv() : rocksdb::EnvWrapper(rocksdb::Env::Default()) {}

  // Every write, sync, new file and rename from the k-th on fails; 0: none.
  void FailFrom(int64_t k);
  int64_t operations() const;
  // What a power loss leaves: the synced bytes of each file, then a random part of the others, in which a
  // stretch may read as zeros.
  void LosePower(Rng& rng);

  const char* Name() const override { return "FaultEnv"; }
  rocksdb::Status NewWritableFile(const std::string& path,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override;
  rocksdb::Status ReopenWritableFile(const std::string& path,
                                     std::unique_ptr<rocksdb::WritableFile>* file,
                                     const rocksdb::EnvOptions& options) override;
  rocksdb::Status NewDirectory(const std::string& path,
                               std::unique_ptr<rocksdb::Directory>* folder) override;
  rocksdb::Status RenameFile(const std::string& from, const std::string& to) override;
  rocksdb::Status DeleteFile(const std::string& path) override;

  // For the files of this Env.
  rocksdb::Status CountOperation();
  void NoteSynced(const std::string& path, uint64_t size);
  void NoteFolderSynced(const std::string& folder);

 private:
  void ForgetUnsyncedNames(const std::string& folder) REQUIRES_LOCK(mutex_);

  mutable Mutex mutex_;
  int64_t operations_ GUARDED_BY(mutex_) = 0;
  int64_t fails_from_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, uint64_t> synced_bytes_ GUARDED_BY(mutex_);  // of each written file
  std::set<std::string> unsynced_names_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::storage
