// What the storage on disk does beyond the common suite: folders, versions, damage, failing media.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/rng.h"
#include "rocks_fixture.h"
#include "samples.h"
#include "storage/api/storage.h"
#include "storage/codec/keys.h"
#include "storage/codec/records.h"
#include "storage/rocks/families.h"
#include "storage/rocks/rocks_common.h"
#include "storage/rocks/rocks_log_folder.h"

namespace pointsman::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void FlipByte(const std::string& path, uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 1));
}

TEST_F(RocksStorageTest, FindsEverythingAgainWhenOpenedAgain) {
  std::vector<Event> events;
  const Decision decision = SampleDecision(rng_, kPool, "d");
  const Pool pool = SamplePool(rng_, kPool);
  const std::pair feedback(FeedbackKey{kPool, "d", ArmId{1}}, SampleFeedback(rng_));
  const Experience experience = SampleExperience(rng_, 3);
  SipKey secret;
  PoolId id{};
  {
    Storage storage = Open().value();
    secret = storage.log->secret();
    id = storage.log->NewPoolId().value();
    events = CommitEvents(*storage.log, 1, 20);
    LogBatch batch;
    batch.pools = {pool};
    batch.feedback = {feedback};
    batch.experience = {{kPool, experience}};
    ASSERT_TRUE(storage.log->Commit(batch, Durability::kProcess).ok());
    ASSERT_TRUE(storage.log->PutSnapshot(kPool, 20, "state", 3).ok());
    ASSERT_TRUE(storage.decisions->Put(decision, Durability::kProcess).ok());
  }
  for (int time = 0; time < 2; ++time) {
    Storage storage = Open().value();
    EXPECT_EQ(storage.log->secret(), secret);
    EXPECT_GT(storage.log->NewPoolId().value(), id);
    EXPECT_EQ(storage.log->LastSequence(kPool).value(), 20u);
    EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 100).value(), events);
    EXPECT_THAT(storage.log->ReadPools().value(), ElementsAre(pool));
    EXPECT_EQ(storage.log->ReadFeedback(feedback.first).value(), feedback.second);
    std::vector<Experience> seen;
    ASSERT_TRUE(storage.log->ReadExperience(kPool, [&](Experience e) { seen.push_back(e); }).ok());
    EXPECT_THAT(seen, ElementsAre(experience));
    EXPECT_EQ(storage.log->ReadSnapshot(kPool, 20).value(), "state");
    EXPECT_EQ(storage.decisions->Get(kPool, "d").value(), decision);
  }
  Storage storage = Open().value();
  CommitEvents(*storage.log, 21, 21);
}

TEST_F(RocksStorageTest, MakesAnotherSecretForEachFolder) {
  const TempDir other;
  EXPECT_NE(Open()->log->secret(), OpenRocksStorage({.folder = other.path()})->log->secret());
}

TEST_F(RocksStorageTest, RefusesAFolderThatIsHeld) {
  const Storage holder = Open().value();
  const absl::Status status = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(folder()), HasSubstr("held by another process")));
}

TEST_F(RocksStorageTest, LetsGoOfAFolderOnlyWithItsLastStore) {
  Storage holder = Open().value();
  holder.log.reset();
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
  holder.decisions.reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksStorageTest, RefusesANewerFormatNamingIt) {
  ASSERT_TRUE(Open().ok());
  PutRaw(Family::kMeta, kMetaFormat, EncodeMetaNumber(kFormatVersion + 6));
  const absl::Status status = Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("format 10"), HasSubstr("reads up to format 4"),
                    HasSubstr("start the version that wrote it")));
}

TEST_F(RocksStorageTest, RefusesAFamilyOfANewerVersion) {
  ASSERT_TRUE(Open().ok());
  {
    LogFolder log = OpenLogFolder(folder() + "/log", &env_).value();
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE(
        log.db->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), "novelty", &handle).ok());
    log.handles.push_back(handle);
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
}

TEST_F(RocksStorageTest, RefusesRecordsWithoutAFormat) {
  {
    Storage storage = Open().value();
    CommitEvents(*storage.log, 1, 1);
  }
  PutRaw(Family::kMeta, kMetaFormat, std::nullopt);
  EXPECT_TRUE(absl::IsDataLoss(OpenLogFolder(folder() + "/log", &env_).status()));
}

TEST_F(RocksStorageTest, RefusesDecisionsWithoutTheirLog) {
  ASSERT_TRUE(Open().ok());
  std::filesystem::remove_all(folder() + "/log");
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
  std::filesystem::remove_all(folder() + "/decisions");
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksStorageTest, RefusesAFolderThatCannotBeMade) {
  std::ofstream(dir_.path() + "/made") << "a file where a folder should be";
  EXPECT_TRUE(absl::IsUnavailable(Open().status()));
  EXPECT_TRUE(absl::IsInvalidArgument(OpenRocksStorage({.folder = ""}).status()));
}

TEST_F(RocksStorageTest, ReportsAGapWithPoolAndSequence) {
  {
    Storage storage = Open().value();
    CommitEvents(*storage.log, 1, 9);
  }
  PutRaw(Family::kEvents, EncodeSequenceKey(kPool, 5), std::nullopt);
  Storage storage = Open().value();
  EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 4).value().size(), 4u);
  const absl::Status status = storage.log->ReadEvents(kPool, 2, 100).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("pool 3"), HasSubstr("event 5 is missing")));
  EXPECT_EQ(storage.log->ReadEvents(kPool, 6, 100).value().size(), 4u);
}

TEST_F(RocksStorageTest, ReportsARecordThatIsDamagedOrAnothers) {
  std::vector<Event> events;
  {
    Storage storage = Open().value();
    events = CommitEvents(*storage.log, 1, 5);
    ASSERT_TRUE(storage.log->PutSnapshot(kPool, 5, "state", 1).ok());
  }
  PutRaw(Family::kEvents, EncodeSequenceKey(kPool, 2), "torn");
  PutRaw(Family::kEvents, EncodeSequenceKey(kPool, 4), EncodeEvent(events[2]));
  std::ofstream(folder() + "/snapshots/pool-3-00000000000000000005.state") << "torn";
  Storage storage = Open().value();
  const absl::Status torn = storage.log->ReadEvents(kPool, 1, 100).status();
  EXPECT_TRUE(absl::IsDataLoss(torn));
  EXPECT_THAT(std::string(torn.message()), HasSubstr("pool 3, event 2"));
  const absl::Status alien = storage.log->ReadEvents(kPool, 3, 100).status();
  EXPECT_TRUE(absl::IsDataLoss(alien));
  EXPECT_THAT(std::string(alien.message()), HasSubstr("event 4 is a different one"));
  EXPECT_TRUE(absl::IsDataLoss(storage.log->ReadSnapshot(kPool, 5).status()));
}

TEST_F(RocksStorageTest, RefusesALogThatLostAcknowledgedWritesUntilTold) {
  {
    Storage storage = Open().value();
    CommitEvents(*storage.log, 1, 30);
  }
  const std::string wal = WalOf("log");
  FlipByte(wal, std::filesystem::file_size(wal) / 2);
  const absl::Status status = Open().status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("lost acknowledged writes"), HasSubstr("/ACKNOWLEDGED")));
  EXPECT_TRUE(absl::IsDataLoss(Open().status()));  // still

  std::filesystem::remove(folder() + "/ACKNOWLEDGED");
  Storage storage = Open().value();
  const Sequence left = storage.log->LastSequence(kPool).value();
  EXPECT_GT(left, 0u);
  EXPECT_LT(left, 30u);
  EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 100).value().size(), left);
  CommitEvents(*storage.log, left + 1, left + 1);
}

TEST_F(RocksStorageTest, SaysWhatToDoWhenDecisionsDoNotOpen) {
  ASSERT_TRUE(Open().ok());
  std::ofstream(folder() + "/decisions/CURRENT") << "nonsense";
  const absl::Status status = Open().status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("/decisions"), HasSubstr("move that folder away")));
  std::filesystem::remove_all(folder() + "/decisions");
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksStorageTest, TakesNoWriteAfterAFailedOneButReadsOn) {
  std::vector<Event> events;
  {
    Storage storage = Open().value();
    events = CommitEvents(*storage.log, 1, 3);
    const Decision decision = SampleDecision(rng_, kPool, "d");
    ASSERT_TRUE(storage.decisions->Put(decision, Durability::kProcess).ok());

    env_.FailFrom(1);
    LogBatch batch;
    batch.events.push_back(SampleEvent(rng_, kPool, 4));
    const absl::Status first = storage.log->Commit(batch, Durability::kDisk);
    EXPECT_TRUE(absl::IsUnavailable(first)) << first;
    const Decision lost = SampleDecision(rng_, kPool, "e");
    EXPECT_TRUE(absl::IsUnavailable(storage.decisions->Put(lost, Durability::kProcess)));
    env_.FailFrom(0);

    for (const absl::Status& later :
         {storage.log->Commit(batch, Durability::kDisk), storage.log->NewPoolId().status(),
          storage.log->DropPool(kPool), storage.log->PutSnapshot(kPool, 3, "", 1),
          storage.decisions->Put(lost, Durability::kProcess)}) {
      EXPECT_TRUE(absl::IsUnavailable(later)) << later;
      EXPECT_THAT(std::string(later.message()), HasSubstr("the power is cut"));
    }
    EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 100).value(), events);
    EXPECT_EQ(storage.log->LastSequence(kPool).value(), 3u);
    EXPECT_EQ(storage.decisions->Get(kPool, "d").value(), decision);
  }
  Storage storage = Open().value();
  EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 3).value(), events);
}

TEST_F(RocksStorageTest, AnswersEveryThreadWhenTheMediumFailsUnderThem) {
  {
    Storage storage = Open().value();
    env_.FailFrom(env_.operations() + 200);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&storage, t] {
        Rng rng(static_cast<uint64_t>(t));
        bool has_failed = false;
        for (int i = 0; i < 200; ++i) {
          const std::string id = std::to_string(t) + "/" + std::to_string(i);
          const absl::Status put =
              storage.decisions->Put(SampleDecision(rng, kPool, id), Durability::kProcess);
          EXPECT_TRUE(put.ok() ? !has_failed : absl::IsUnavailable(put)) << put;
          has_failed = !put.ok();
          EXPECT_EQ(storage.decisions->Get(kPool, id).value().has_value(), put.ok());
        }
        EXPECT_TRUE(has_failed);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  env_.FailFrom(0);
  EXPECT_TRUE(Open().ok());
}

TEST_F(RocksStorageTest, RemovesExpiredFeedbackInCompactions) {
  const auto key = [](Sequence s) { return FeedbackKey{kPool, "d" + std::to_string(s), ArmId{0}}; };
  {
    Storage storage = Open().value();
    for (Sequence s = 1; s <= 9; ++s) {  // event s is dated s seconds
      LogBatch batch;
      batch.events.push_back(SampleEvent(rng_, kPool, s));
      batch.feedback.emplace_back(key(s), SampleFeedback(rng_));
      ASSERT_TRUE(storage.log->Commit(batch, Durability::kDisk).ok());
    }
    ASSERT_TRUE(storage.log->ExpireFeedback(5 * kMicrosPerSecond).ok());
  }
  {
    LogFolder log = OpenLogFolder(folder() + "/log", &env_).value();
    log.feedback_horizon->store(5 * kMicrosPerSecond);  // as ExpireFeedback sets it
    ASSERT_TRUE(log.db
                    ->CompactRange(rocksdb::CompactRangeOptions(),
                                   log.families[Index(Family::kFeedback)], nullptr, nullptr)
                    .ok());
  }
  Storage storage = Open().value();
  for (Sequence s = 1; s <= 9; ++s) {
    EXPECT_EQ(storage.log->ReadFeedback(key(s)).value().has_value(), s >= 5) << s;
  }
}

TEST_F(RocksStorageTest, KeepsDecisionsWithinTheirBytesDroppingTheOldest) {
  constexpr int kCount = 6000;  // of about 1.2 KB each that do not compress: 7 MB
  const auto options =
      StorageOptions{.folder = folder(), .decision_ttl_s = 86400, .decisions_bytes_max = 1 << 20};
  {
    Storage storage = OpenRocksStorageOn(options, &env_).value();
    for (int i = 0; i < kCount; ++i) {
      ASSERT_TRUE(storage.decisions
                      ->Put(SampleDecision(rng_, kPool, std::to_string(i)), Durability::kProcess)
                      .ok());
    }
  }
  Storage storage = OpenRocksStorageOn(options, &env_).value();
  EXPECT_EQ(storage.decisions->Get(kPool, "0").value(), std::nullopt);
  EXPECT_TRUE(storage.decisions->Get(kPool, std::to_string(kCount - 1)).value().has_value());
  // From the newest down: the oldest may still be dropped while they are looked at.
  int kept = 0;
  bool is_suffix = true;
  for (int i = kCount - 1; i >= 0; --i) {
    const bool is_there = storage.decisions->Get(kPool, std::to_string(i)).value().has_value();
    if (is_there && kept < kCount - 1 - i) is_suffix = false;
    kept += is_there ? 1 : 0;
  }
  EXPECT_TRUE(is_suffix);
  EXPECT_GT(kept, 300);
  uint64_t table_bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder() + "/decisions")) {
    if (entry.path().extension() == ".sst") table_bytes += entry.file_size();
  }
  // The newest files (64 KB each here) may wait for the background thread that drops the oldest: a
  // few of them, more where it is slow. What was written are 7 MB.
  EXPECT_LE(table_bytes, uint64_t{3 << 20});
}

}  // namespace
}  // namespace pointsman::storage
