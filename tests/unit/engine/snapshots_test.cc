// Snapshots, and the log below them: made in time, kept in number, never in the way.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "base/mutex.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::engine {
namespace {

constexpr PoolId kPool{1};

class SnapshotsTest : public tests::EngineFixture {
 protected:
  void SetUp() override { limits_.snapshot_every_events = 20; }

  void OpenFolder() {
    engine_.reset();
    clock_.Advance(kMicrosPerMs);  // decision ids go by it
    auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
    ASSERT_TRUE(storage.ok()) << storage.status();
    OpenWith(*std::move(storage), Options());
  }
  EngineOptions Options() {
    EngineOptions options = Inline();
    options.limits = limits_;
    return options;
  }

  void Play(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const RouteOutput output = MustRoute("question about topic " + std::to_string(i % 17));
      ASSERT_TRUE(TellQuality(output.decision_id, output.arm == "beta" ? 0.8 : 0.4).ok());
    }
  }

  // What is in the folder, as somebody else reads it.
  std::unique_ptr<storage::EventLog> Log() {
    auto log = storage::ReadRocksEventLog(folder_.path());
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }
  std::vector<Sequence> Snapshots() { return Log()->ListSnapshots(kPool).value(); }

  void Spoil(Sequence snapshot) {
    char name[64];
    std::snprintf(name, sizeof(name), "/snapshots/pool-1-%020llu.state",
                  static_cast<unsigned long long>(snapshot));
    ASSERT_TRUE(std::filesystem::exists(folder_.path() + name)) << name;
    std::ofstream(folder_.path() + name, std::ios::binary | std::ios::in).seekp(100).put('!');
  }

  Limits limits_;
  tests::TestFolder folder_;
};

TEST_F(SnapshotsTest, MakesASnapshotEverySoManyEventsAndKeepsThree) {
  OpenFolder();
  MakePool();  // 4 events: the pool and its arms
  Play(15);
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{});
  Play(1);
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{20});
  Play(80);
  EXPECT_EQ(Snapshots(), (std::vector<Sequence>{100, 80, 60}));
}

TEST_F(SnapshotsTest, MakesASnapshotSoManySecondsAfterAnEvent) {
  limits_.snapshot_every_events = 1000000;
  limits_.snapshot_every_s = 60;
  OpenFolder();
  MakePool();
  Play(1);
  clock_.Advance(59 * kMicrosPerSecond);
  Play(1);
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{});
  clock_.Advance(kMicrosPerSecond);
  Play(1);
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{7});
}

TEST_F(SnapshotsTest, MakesASnapshotWhenTheEngineStops) {
  OpenFolder();
  MakePool();
  Play(3);
  engine_.reset();
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{7});
  OpenFolder();
  engine_.reset();
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{7});
}

TEST_F(SnapshotsTest, ForgetsTheLogBelowTheOldestSnapshotAndRecoversTheSame) {
  limits_.events_kept = 0;
  OpenFolder();
  MakePool();
  Play(56);
  EXPECT_EQ(Log()->FirstSequence(kPool).value(), 21u);  // snapshots at 60, 40, 20
  Play(27);
  EXPECT_EQ(Log()->FirstSequence(kPool).value(), 41u);
  const uint64_t before = StateChecksumNow();
  OpenFolder();
  EXPECT_EQ(StateChecksumNow(), before);
  Play(40);
  EXPECT_EQ(Stats().outcomes, 56u + 27 + 40);
}

TEST_F(SnapshotsTest, KeepsAsManyEventsMoreAsItIsTold) {
  limits_.events_kept = 25;
  OpenFolder();
  MakePool();
  Play(96);
  EXPECT_EQ(Snapshots(), (std::vector<Sequence>{100, 80, 60}));
  EXPECT_EQ(Log()->FirstSequence(kPool).value(), 60u - 25 + 1);
}

TEST_F(SnapshotsTest, KeepsTheWholeLogUnlessItIsLong) {
  OpenFolder();
  MakePool();
  Play(96);
  EXPECT_EQ(Log()->FirstSequence(kPool).value(), 1u);
}

TEST_F(SnapshotsTest, FallsBackToAnOlderSnapshotThanACorruptOne) {
  limits_.events_kept = 0;
  OpenFolder();
  MakePool();
  Play(93);
  const uint64_t before = StateChecksumNow();
  engine_.reset();  // a fourth one, of the end
  EXPECT_EQ(Snapshots(), (std::vector<Sequence>{97, 80, 60}));
  Spoil(97);
  Spoil(80);
  OpenFolder();
  EXPECT_EQ(StateChecksumNow(), before);
}

TEST_F(SnapshotsTest, SaysSoWhenNoSnapshotIsLeftOfALogWithoutABeginning) {
  limits_.events_kept = 0;
  OpenFolder();
  MakePool();
  Play(93);
  engine_.reset();
  for (const Sequence snapshot : {97, 80, 60}) Spoil(snapshot);
  auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
  ASSERT_TRUE(storage.ok());
  const absl::Status status = Engine::Open(Options(), *std::move(storage), clock_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_NE(status.message().find("no snapshot can be used"), absl::string_view::npos);
  EXPECT_NE(status.message().find("restore the data folder from a backup"),
            absl::string_view::npos);
}

TEST_F(SnapshotsTest, TriesAFailedSnapshotAgainLaterWhileAllElseGoesOn) {
  auto plan = std::make_shared<tests::FailurePlan>();
  auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
  ASSERT_TRUE(storage.ok());
  bool fails = true;
  plan->before_snapshot = [&] {
    if (fails) plan->FailOperation(plan->operations() + 1);
  };
  OpenWith(tests::MakeFailingStorage(*std::move(storage), plan), Options());
  MakePool();
  Play(30);
  EXPECT_TRUE(absl::IsUnavailable(engine_->SnapshotHealth()));
  EXPECT_TRUE(engine_->StorageHealth().ok());
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{});
  fails = false;
  Play(1);
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{});  // not at once: the disk may be full
  clock_.Advance(10 * kMicrosPerSecond);
  Play(1);
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{36});
  EXPECT_TRUE(engine_->SnapshotHealth().ok());
}

// Each snapshot waits where it begins, until all are let go. Outlives the engine.
class HeldSnapshots {
 public:
  explicit HeldSnapshots(tests::FailurePlan& plan) {
    plan.before_snapshot = [this] {
      if (count_++ == 0) begun_.set_value();
      end_.wait();
    };
  }
  void WaitUntilOneBegins() { begun_.get_future().wait(); }
  void LetGo() { may_end_.set_value(); }
  int count() const { return count_; }

 private:
  std::promise<void> begun_, may_end_;
  std::shared_future<void> end_{may_end_.get_future()};
  std::atomic<int> count_{0};
};

TEST_F(SnapshotsTest, HoldsUpNeitherRouteNorFeedbackWhileASnapshotIsWritten) {
  auto plan = std::make_shared<tests::FailurePlan>();
  HeldSnapshots held(*plan);
  EngineOptions options = Options();
  options.writing = Writing::kThread;
  OpenWith(tests::MakeFailingStorage(storage::OpenMemoryStorage(tests::kTestSecret), plan),
           options);
  MakePool();
  Play(20);
  held.WaitUntilOneBegins();
  Play(50);
  EXPECT_EQ(Stats().outcomes, 70u);
  EXPECT_EQ(held.count(), 1);
  held.LetGo();
  engine_.reset();  // before what its scheduler waits for
}

TEST_F(SnapshotsTest, LetsAPoolBeDeletedWhileItsSnapshotIsWritten) {
  auto plan = std::make_shared<tests::FailurePlan>();
  HeldSnapshots held(*plan);
  auto storage = storage::OpenRocksStorage({.folder = folder_.path()});
  ASSERT_TRUE(storage.ok());
  EngineOptions options = Options();
  options.writing = Writing::kThread;
  OpenWith(tests::MakeFailingStorage(*std::move(storage), plan), options);
  MakePool();
  Play(20);
  held.WaitUntilOneBegins();
  ASSERT_TRUE(
      Await<bool>([&](auto done) { engine_->DeletePool("default", std::move(done)); }).ok());
  held.LetGo();
  engine_.reset();
  EXPECT_EQ(Snapshots(), std::vector<Sequence>{});
}

}  // namespace
}  // namespace pointsman::engine
