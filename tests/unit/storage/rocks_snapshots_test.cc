// Snapshots, dropped events and readers of the storage on disk.
#include <gmock/gmock.h>

#include <fstream>

#include "rocks_fixture.h"

namespace pointsman::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using RocksSnapshots = RocksStorageTest;

TEST_F(RocksSnapshots, FailsASnapshotWithoutBreakingTheLog) {
  Storage storage = Open().value();
  CommitEvents(*storage.log, 1, 3);
  ASSERT_TRUE(storage.log->PutSnapshot(kPool, 2, "two", 3).ok());
  const std::string path = folder() + "/snapshots";
  std::filesystem::rename(path, path + "-away");
  std::ofstream(path) << "a file where a folder should be";
  EXPECT_TRUE(absl::IsUnavailable(storage.log->PutSnapshot(kPool, 3, "three", 3)));
  std::filesystem::remove(path);
  std::filesystem::rename(path + "-away", path);
  CommitEvents(*storage.log, 4, 4);
  ASSERT_TRUE(storage.log->PutSnapshot(kPool, 4, "four", 3).ok());
  EXPECT_THAT(storage.log->ListSnapshots(kPool).value(), ElementsAre(4, 2));
}

TEST_F(RocksSnapshots, ClearsSnapshotsThatWereNotFinishedOrAreOfDroppedPools) {
  {
    Storage storage = Open().value();
    CommitEvents(*storage.log, 1, 3);
    ASSERT_TRUE(storage.log->PutSnapshot(kPool, 3, "three", 3).ok());
  }
  const std::string path = folder() + "/snapshots/";
  std::ofstream(path + "pool-3-00000000000000000004.state.tmp") << "half";
  std::ofstream(path + "pool-9-00000000000000000001.state") << "of a pool that is gone";
  Storage storage = Open().value();
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, ElementsAre("pool-3-00000000000000000003.state"));
}

TEST_F(RocksSnapshots, IsReadWhileAnotherWritesWithoutALockOrATrace) {
  Storage storage = Open().value();
  const std::vector<Event> events = CommitEvents(*storage.log, 1, 20);
  ASSERT_TRUE(storage.log->PutSnapshot(kPool, 20, "state", 3).ok());
  const auto reader = ReadRocksEventLog(folder());
  ASSERT_TRUE(reader.ok()) << reader.status();
  CommitEvents(*storage.log, 21, 25);
  EXPECT_EQ((*reader)->ReadEvents(kPool, 1, 100).value(), events);  // as it was then
  EXPECT_EQ((*reader)->LastSequence(kPool).value(), 20u);
  EXPECT_EQ((*reader)->secret(), storage.log->secret());
  EXPECT_EQ((*reader)->ReadSnapshot(kPool, 20).value(), "state");
  EXPECT_TRUE(absl::IsUnavailable((*reader)->Commit({}, Durability::kDisk)));
  EXPECT_TRUE(absl::IsUnavailable((*reader)->PutSnapshot(kPool, 20, "other", 3)));
  const auto later = ReadRocksEventLog(folder());
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ((*later)->LastSequence(kPool).value(), 25u);
}

TEST_F(RocksSnapshots, IsNotReadWhereThereIsNone) {
  const absl::Status status = ReadRocksEventLog(folder()).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("name a data folder or a backup"));
}

TEST_F(RocksSnapshots, GivesTheSpaceOfForgottenEventsBack) {
  const auto table_bytes = [&] {
    uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder() + "/log")) {
      if (entry.path().extension() == ".sst") bytes += entry.file_size();
    }
    return bytes;
  };
  constexpr Sequence kCount = 60000;
  {
    Storage storage = Open().value();
    for (Sequence s = 1; s <= kCount;) {
      LogBatch batch;
      for (int i = 0; i < 500; ++i, ++s) batch.events.push_back(SampleEvent(rng_, kPool, s));
      ASSERT_TRUE(storage.log->Commit(batch, Durability::kProcess).ok());
    }
  }
  Storage storage = Open().value();
  const uint64_t before = table_bytes();
  EXPECT_EQ(storage.log->FirstSequence(kPool).value(), 1u);
  ASSERT_TRUE(storage.log->DropEventsBefore(kPool, kCount - 10).ok());
  EXPECT_EQ(storage.log->FirstSequence(kPool).value(), kCount - 10);
  EXPECT_EQ(storage.log->ReadEvents(kPool, kCount - 10, 100).value().size(), 11u);
  storage = {};
  {
    LogFolder log = OpenLogFolder(folder() + "/log", &env_).value();
    ASSERT_TRUE(log.db
                    ->CompactRange(rocksdb::CompactRangeOptions(),
                                   log.families[Index(Family::kEvents)], nullptr, nullptr)
                    .ok());
  }
  EXPECT_LT(table_bytes(), before / 4);
}

}  // namespace
}  // namespace pointsman::storage
