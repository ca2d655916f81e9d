// Snapshots as files: one file each, sealed, written under a temporary name, synced and renamed into place.
// They are not in the database, because a snapshot of a large pool has a hundred megabytes: in the log's
// write queue every feedback would wait behind it, and compactions would copy it again and again.
// Operation: Put writes NAME.tmp and syncs as it goes, so that no other file's sync has to wait for all of it
//   at once. Then it renames the file, and deletes those older than the kept ones.
// Errors: kUnavailable when the medium fails, kDataLoss for a file that is torn or corrupt, kNotFound. A
//   failure leaves the other snapshots as they are.
// Threads: Put from one thread at a time; everything else from any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "domain/types.h"

namespace rocksdb {
class Env;
}

namespace pointsman::storage {

class SnapshotFiles {
 public:
  // Makes the folder and removes unfinished files. With `is_read_only` it does neither, and lists the files
  // that exist now, whatever is added or deleted later.
  static absl::StatusOr<std::unique_ptr<SnapshotFiles>> Open(const std::string& folder,
                                                             rocksdb::Env* env, bool is_read_only);

  // Keeps the newest `keep` of the pool.
  // Errors: also kNotFound for a pool that was dropped.
  absl::Status Put(PoolId pool, Sequence sequence, std::string_view bytes, int64_t keep);
  // Newest first.
  absl::StatusOr<std::vector<Sequence>> List(PoolId pool) const;
  absl::StatusOr<std::string> Read(PoolId pool, Sequence sequence) const;
  // Deletes a pool's files and accepts no more of them.
  absl::Status DropPool(PoolId pool);
  // Deletes the files of all pools except these.
  absl::Status DropAllBut(const std::set<PoolId>& kept);
  // Copies the files to `folder`, which exists; as hard links where possible.
  absl::Status CopyTo(const std::string& folder) const;

 private:
  SnapshotFiles(std::string folder, rocksdb::Env* env) : folder_(std::move(folder)), env_(env) {}
  std::string PathOf(PoolId pool, Sequence sequence) const;
  absl::StatusOr<std::vector<std::string>> Names() const;
  absl::Status Write(const std::string& path, std::string_view bytes) const;
  absl::Status Delete(PoolId pool, Sequence sequence) const;
  absl::Status SyncFolderEntries() const;

  const std::string folder_;
  rocksdb::Env* const env_;
  std::optional<std::vector<std::string>> names_;  // at Open, if it only reads
  Mutex mutex_;                                    // of the files in place
  std::set<PoolId> dropped_ GUARDED_BY(mutex_);
};

}  // namespace pointsman::storage
