// Backups are complete or absent. They are made of a folder in use and restored into an empty one.
#include "storage/folder/backup.h"

#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "rocks_fixture.h"

namespace pointsman::storage {
namespace {

using ::testing::HasSubstr;

class Backup : public RocksStorageTest {
 protected:
  std::string backup() const { return dir_.path() + "/backups/one"; }
  std::string restored() const { return dir_.path() + "/restored"; }
  absl::Status Restore() { return RestoreBackup(backup(), restored(), nullptr).status(); }
};

TEST_F(Backup, HoldsAllThatTheFolderHeldAndNothingThatCameLater) {
  std::vector<Event> events;
  SipKey secret;
  const Decision decision = SampleDecision(rng_, kPool, "d");
  const PoolProgress progress{{7, "x"}, 3};
  {
    Storage storage = Open().value();
    secret = storage.log->secret();
    events = CommitEvents(*storage.log, 1, 20);
    LogBatch batch;
    batch.progress.emplace_back(kPool, progress);
    batch.feedback.emplace_back(FeedbackKey{kPool, "d", ArmId{1}}, SampleFeedback(rng_));
    ASSERT_TRUE(storage.log->Commit(batch, Durability::kDisk).ok());
    ASSERT_TRUE(storage.log->PutSnapshot(kPool, 20, "state", 3).ok());
    ASSERT_TRUE(storage.decisions->Put(decision, Durability::kProcess).ok());
    const auto made = MakeBackup(storage, backup());
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_GT(made->files, 5);
    CommitEvents(*storage.log, 21, 40);
    ASSERT_TRUE(storage.log->PutSnapshot(kPool, 40, "later", 1).ok());
  }
  ASSERT_TRUE(Restore().ok()) << Restore();
  Storage storage = OpenRocksStorageOn({.folder = restored()}, &env_).value();
  EXPECT_EQ(storage.log->secret(), secret);
  EXPECT_EQ(storage.log->ReadEvents(kPool, 1, 100).value(), events);
  EXPECT_EQ(storage.log->ReadProgress(kPool).value(), progress);
  EXPECT_TRUE(storage.log->ReadFeedback({kPool, "d", ArmId{1}}).value().has_value());
  EXPECT_EQ(storage.log->ReadSnapshot(kPool, 20).value(), "state");
  EXPECT_TRUE(absl::IsNotFound(storage.log->ReadSnapshot(kPool, 40).status()));
  EXPECT_EQ(storage.decisions->Get(kPool, "d").value(), decision);
  CommitEvents(*storage.log, 21, 21);
}

TEST_F(Backup, IsOfOneMomentWhileEverythingIsWritten) {
  Storage storage = Open().value();
  std::atomic<bool> may_end{false};
  std::atomic<Sequence> acknowledged{0};
  std::thread writer([&] {
    Rng rng(5);
    for (Sequence s = 1; !may_end; ++s) {
      LogBatch batch;
      batch.events.push_back(SampleEvent(rng, kPool, s));
      batch.experience.emplace_back(kPool, Experience{s, ArmId{0}, 0, 1, {}});
      EXPECT_TRUE(storage.log->Commit(batch, Durability::kDisk).ok());
      EXPECT_TRUE(storage.decisions
                      ->Put(SampleDecision(rng, kPool, std::to_string(s)), Durability::kProcess)
                      .ok());
      acknowledged = s;
    }
  });
  for (int i = 0; i < 5; ++i) {
    const std::string name = dir_.path() + "/b" + std::to_string(i);
    const Sequence before = acknowledged;
    ASSERT_TRUE(MakeBackup(storage, name).ok());
    ASSERT_TRUE(RestoreBackup(name, restored() + std::to_string(i), nullptr).ok());
    const Storage copy =
        OpenRocksStorageOn({.folder = restored() + std::to_string(i)}, &env_).value();
    const Sequence last = copy.log->LastSequence(kPool).value();
    EXPECT_GE(last, before);
    EXPECT_EQ(copy.log->ReadEvents(kPool, 1, 1000000).value().size(), last);
    Sequence experience = 0;
    ASSERT_TRUE(copy.log->ReadExperience(kPool, [&](const Experience&) { ++experience; }).ok());
    EXPECT_EQ(experience, last);
    // Decisions are copied after the log, so none that the log refers to is missing.
    for (Sequence s = 1; s < last; ++s) {
      EXPECT_TRUE(copy.decisions->Get(kPool, std::to_string(s)).value().has_value()) << s;
    }
  }
  may_end = true;
  writer.join();
}

TEST_F(Backup, KeepsItsNameForAWholeOne) {
  Storage storage = Open().value();
  CommitEvents(*storage.log, 1, 5);
  ASSERT_TRUE(MakeBackup(storage, backup()).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(MakeBackup(storage, backup()).status()));
  // An interrupted backup is started again.
  std::filesystem::create_directories(backup() + "2.unfinished/log");
  std::ofstream(backup() + "2.unfinished/log/CURRENT") << "half";
  ASSERT_TRUE(MakeBackup(storage, backup() + "2").ok());
  EXPECT_FALSE(std::filesystem::exists(backup() + "2.unfinished"));
}

TEST_F(Backup, FailsAsAWholeAtAnyOperationAndLeavesTheFolderAlone) {
  std::vector<Event> events;
  int64_t k = 0;
  for (bool has_passed = false; !has_passed;) {
    {
      Storage storage = Open().value();
      if (k == 0) events = CommitEvents(*storage.log, 1, 5);
      env_.FailFrom(env_.operations() + ++k);
      const auto made = MakeBackup(storage, backup());
      has_passed = made.ok();
      EXPECT_TRUE(has_passed || absl::IsUnavailable(made.status())) << made.status();
      EXPECT_EQ(std::filesystem::exists(backup()), has_passed);
    }
    env_.FailFrom(0);
    EXPECT_EQ(Open()->log->ReadEvents(kPool, 1, 100).value(), events) << "operation " << k;
    if (HasFailure()) return;
  }
  EXPECT_GT(k, 3);
}

TEST_F(Backup, IsRestoredIntoAnEmptyFolderAlone) {
  {
    Storage storage = Open().value();
    CommitEvents(*storage.log, 1, 5);
    ASSERT_TRUE(MakeBackup(storage, backup()).ok());
  }
  const absl::Status status = RestoreBackup(backup(), folder(), nullptr).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not empty"));
  // Leftovers of a killed restore and of a new file system are ignored.
  std::filesystem::create_directories(restored() + "/.restoring/log");
  std::filesystem::create_directories(restored() + "/lost+found");
  EXPECT_TRUE(Restore().ok()) << Restore();
  EXPECT_TRUE(OpenRocksStorageOn({.folder = restored()}, &env_).ok());
}

TEST_F(Backup, IsNotServedFrom) {
  {
    Storage storage = Open().value();
    ASSERT_TRUE(MakeBackup(storage, backup()).ok());
  }
  const absl::Status status = OpenRocksStorageOn({.folder = backup()}, &env_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("`pointsman restore`"));
}

TEST_F(Backup, ThatLacksSomethingIsNotRestored) {
  {
    Storage storage = Open().value();
    CommitEvents(*storage.log, 1, 5);
    ASSERT_TRUE(storage.log->PutSnapshot(kPool, 5, "state", 3).ok());
    ASSERT_TRUE(MakeBackup(storage, backup()).ok());
  }
  EXPECT_TRUE(absl::IsNotFound(RestoreBackup(folder(), restored(), nullptr).status()));
  const std::string snapshot = backup() + "/snapshots/pool-3-00000000000000000005.state";
  std::filesystem::resize_file(snapshot, 3);
  EXPECT_TRUE(absl::IsDataLoss(Restore())) << Restore();
  std::filesystem::remove(snapshot);
  EXPECT_TRUE(absl::IsDataLoss(Restore())) << Restore();
  std::ofstream(backup() + "/BACKUP", std::ios::app) << "more\n";
  std::filesystem::resize_file(backup() + "/BACKUP", 40);
  EXPECT_TRUE(absl::IsDataLoss(Restore())) << Restore();
  EXPECT_FALSE(std::filesystem::exists(restored() + "/log"));
}

}  // namespace
}  // namespace pointsman::storage
