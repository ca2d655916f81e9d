// Snapshots as files: one for each, sealed, written aside, synced and renamed into place. Not in
// the database, since a snapshot of a large pool is a hundred megabytes: in the log's write queue
// every feedback would wait behind it, and compactions would copy it again and again. Operation:
// Put writes NAME.tmp, syncing as it goes so that no other file's sync has to wait for
//   all of it at once; then renames; then deletes what is older than the kept ones.
// Errors: kUnavailable when the medium fails, kDataLoss for a file that is torn or corrupt,
// kNotFound.
//   A failure leaves the other snapshots as they are.
// Threads: Put from one at a time; everything else from any.
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

namespace pointsman {

class SnapshotFiles {
 public:
  // Makes the folder and clears what was left unfinished. With `is_read_only` it does neither, and
  // lists the files that are there now, whatever comes and goes later.
  static absl::StatusOr<std::unique_ptr<SnapshotFiles>> Open(const std::string& folder,
                                                             rocksdb::Env* env, bool is_read_only);

  // Keeps the newest `keep` of the pool. Errors: also kNotFound for a pool that was dropped.
  absl::Status Put(PoolId pool, Sequence sequence, std::string_view bytes, int64_t keep);
  // Newest first.
  absl::StatusOr<std::vector<Sequence>> List(PoolId pool) const;
  absl::StatusOr<std::string> Read(PoolId pool, Sequence sequence) const;
  // Forgets a pool's files, and takes no more of them.
  absl::Status DropPool(PoolId pool);
  // Forgets the files of all pools but these.
  absl::Status DropAllBut(const std::set<PoolId>& kept);
  // The files as they are, under `folder`, which exists: hard links where that can be.
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
  std::optional<std::vector<std::string>> names_;  // as they were, if it only reads
  Mutex mutex_;                                    // of what is in place
  std::set<PoolId> dropped_ GUARDED_BY(mutex_);
};

}  // namespace pointsman
