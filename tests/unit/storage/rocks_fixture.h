// A data folder on a file system that fails on request, and operations that several tests share.
// Threads: one.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "fault_env.h"
#include "samples.h"
#include "storage/api/storage.h"
#include "storage/rocks/families.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"
#include "temp_dir.h"

namespace pointsman::storage {

inline constexpr PoolId kPool{3};

class RocksStorageTest : public ::testing::Test {
 protected:
  std::string folder() const { return dir_.path() + "/made/data"; }
  absl::StatusOr<Storage> Open() { return OpenRocksStorageOn({.folder = folder()}, &env_); }

  std::vector<Event> CommitEvents(EventLog& log, Sequence first, Sequence last) {
    std::vector<Event> events;
    for (Sequence s = first; s <= last; ++s) {
      LogBatch batch;
      batch.events.push_back(SampleEvent(rng_, kPool, s));
      EXPECT_TRUE(log.Commit(batch, Durability::kDisk).ok());
      events.push_back(batch.events[0]);
    }
    return events;
  }

  // Puts a value straight into the database (or removes a key, for nullopt).
  void PutRaw(Family family, const std::string& key, const std::optional<std::string>& value) {
    LogFolder log = OpenLogFolder(folder() + "/log", &env_).value();
    auto* handle = log.families[Index(family)];
    rocksdb::WriteOptions options;
    ASSERT_TRUE(
        (value ? log.db->Put(options, handle, key, *value) : log.db->Delete(options, handle, key))
            .ok());
  }

  // The newest write-ahead log of a database.
  std::string WalOf(const std::string& database) const {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(folder() + "/" + database)) {
      const std::string path = entry.path().string();
      if (entry.path().extension() == ".log" && path > newest) newest = path;
    }
    return newest;
  }

  Rng rng_{1};
  TempDir dir_;
  FaultEnv env_;  // fails on request; otherwise a disk that syncs at once
};

}  // namespace pointsman::storage
