// Whether a data folder is what its log says.
#include "engine/inspect/verify.h"

#include <atomic>
#include <thread>

#include "base/bytes.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

class Verify : public tests::EngineFixture {
 protected:
  void SetUp() override { OpenFolder(); }

  void OpenFolder() {
    engine_.reset();
    auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    EngineOptions options = Inline();
    options.limits = limits_;
    OpenWith(*std::move(storage), options);
  }

  void Play(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const RouteOutput output = MustRoute("question about topic " + std::to_string(i % 17));
      ASSERT_TRUE(TellQuality(output.decision_id, output.arm == "beta" ? 0.8 : 0.4).ok());
    }
  }

  PoolCheck Check(bool from_start = false) {
    const auto log = storage::ReadRocksEventLog(folder_.path());
    EXPECT_TRUE(log.ok()) << log.status();
    const auto checks = VerifyLog(**log, {from_start, nullptr});
    EXPECT_TRUE(checks.ok()) << checks.status();
    EXPECT_EQ(checks->size(), 1u);
    return checks->front();
  }

  // Puts `bytes` where a snapshot is, under a checksum that fits.
  void Replace(Sequence snapshot, const std::string& bytes) {
    auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    ASSERT_TRUE(storage->log->PutSnapshot(PoolId{1}, snapshot, bytes, 100).ok());
  }

  Limits limits_ = [] {
    Limits limits;
    limits.snapshot_every_events = 20;
    return limits;
  }();
  tests::TestFolder folder_;
};

TEST_F(Verify, FindsASoundFolderSoundAndEndsInTheStateThatServes) {
  MakePool();
  Play(70);
  const PoolCheck check = Check();
  EXPECT_TRUE(check.is_sound()) << check.fault;
  EXPECT_EQ(check.first, 1u);
  EXPECT_EQ(check.last, 74u);
  EXPECT_EQ(check.replayed_from, 20u);
  EXPECT_EQ(check.replayed_to, 74u);
  ASSERT_EQ(check.snapshots.size(), 3u);
  EXPECT_TRUE(check.snapshots[0].is_base);
  EXPECT_EQ(check.checksum, StateChecksumNow());
  const PoolCheck whole = Check(/*from_start=*/true);
  EXPECT_TRUE(whole.is_sound());
  EXPECT_EQ(whole.replayed_from, 0u);
  EXPECT_EQ(whole.checksum, check.checksum);
}

TEST_F(Verify, FindsASnapshotThatDiffersInOneBit) {
  MakePool();
  Play(70);
  // A bit that no event overwrites: of when the pool was made.
  ByteWriter created;
  created.Put(engine_->GetPool("default")->pool.created_at);
  engine_.reset();
  std::string bytes =
      storage::ReadRocksEventLog(folder_.path()).value()->ReadSnapshot(PoolId{1}, 40).value();
  const std::size_t at = bytes.find(created.bytes(), bytes.find("default"));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  Replace(40, bytes);
  const PoolCheck check = Check();
  EXPECT_FALSE(check.is_sound());
  ASSERT_EQ(check.snapshots.size(), 3u);  // 40, 60, and that of the end
  // The oldest is the base: only a replay from the start can tell that it is wrong. What follows
  // from it differs from the newer ones.
  EXPECT_FALSE(check.snapshots[0].fault.empty() && check.snapshots[1].fault.empty());
  const PoolCheck whole = Check(/*from_start=*/true);
  EXPECT_FALSE(whole.snapshots[0].fault.empty());
  EXPECT_TRUE(whole.snapshots[1].fault.empty());
  EXPECT_TRUE(whole.snapshots[2].fault.empty());
}

TEST_F(Verify, FindsAnEventThatWasChangedUnderAFittingChecksum) {
  MakePool();
  Play(70);
  engine_.reset();
  // Given a copy of the log in which one quality is another.
  const tests::TestFolder other;
  {
    const auto log = storage::ReadRocksEventLog(folder_.path()).value();
    storage::Storage copy = storage::OpenRocksStorage({.folder = other.path()}).value();
    storage::LogBatch batch;
    batch.pools = log->ReadPools().value();
    batch.events = log->ReadEvents(PoolId{1}, 1, 1000).value();
    std::get<OutcomeEvent>(batch.events[50].body).outcome.quality = 0.123;
    ASSERT_TRUE(copy.log->Commit(batch, storage::Durability::kDisk).ok());
    for (const Sequence s : {40, 60}) {
      ASSERT_TRUE(
          copy.log->PutSnapshot(PoolId{1}, s, log->ReadSnapshot(PoolId{1}, s).value(), 3).ok());
    }
  }
  const auto checks = VerifyLog(*storage::ReadRocksEventLog(other.path()).value(), {});
  ASSERT_TRUE(checks.ok());
  ASSERT_EQ(checks->front().snapshots.size(), 2u);
  EXPECT_TRUE(checks->front().snapshots[0].fault.empty());
  EXPECT_NE(
      checks->front().snapshots[1].fault.find("differs from a replay of the log from snapshot 40"),
      std::string::npos);
}

TEST_F(Verify, BeginsWithAnOlderSnapshotThanOneThatDoesNotReadBack) {
  limits_.events_kept = 0;
  OpenFolder();
  MakePool();
  Play(96);
  engine_.reset();
  Replace(60, "nonsense");
  const PoolCheck check = Check();
  EXPECT_FALSE(check.is_sound());
  EXPECT_FALSE(check.snapshots[0].fault.empty());
  EXPECT_EQ(check.replayed_from, 80u);
  EXPECT_TRUE(check.snapshots[2].fault.empty());
  EXPECT_TRUE(check.fault.empty());
}

TEST_F(Verify, SaysWhenTheBeginningOfALogIsGone) {
  limits_.events_kept = 0;
  OpenFolder();
  MakePool();
  Play(96);
  const auto checks =
      VerifyLog(*storage::ReadRocksEventLog(folder_.path()).value(), {true, nullptr});
  EXPECT_TRUE(absl::IsFailedPrecondition(checks.status())) << checks.status();
  EXPECT_EQ(Check().first, 61u);
}

TEST_F(Verify, LooksAtAFolderThatIsBeingWritten) {
  engine_.reset();
  auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
  ASSERT_TRUE(storage.ok());
  EngineOptions options;
  options.limits = limits_;
  options.limits.events_kept = 0;
  OpenWith(*std::move(storage), options);
  MakePool();
  std::atomic<bool> may_end{false};
  std::thread writer([&] {
    while (!may_end) Play(1);
  });
  for (int done = 0; done < 10;) {
    const auto log = storage::ReadRocksEventLog(folder_.path());
    ASSERT_TRUE(log.ok()) << log.status();
    const auto checks = VerifyLog(**log, {});
    if (absl::IsUnavailable(checks.status())) continue;  // the writer was faster
    ASSERT_TRUE(checks.ok()) << checks.status();
    ++done;
    const PoolCheck& check = checks->front();
    EXPECT_TRUE(check.is_sound()) << check.fault;
    for (const SnapshotCheck& s : check.snapshots) EXPECT_EQ(s.fault, "") << s.sequence;
  }
  may_end = true;
  writer.join();
}

}  // namespace
}  // namespace pointsman::engine
