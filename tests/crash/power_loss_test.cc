// Power loss: from a random operation of the file system on, nothing more is written, and unsynced data is
// torn. Everything acknowledged as kDisk must be there. The rest may only be missing from the end.
#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "fault_env.h"
#include "samples.h"
#include "storage/rocks/rocks_common.h"
#include "temp_dir.h"

namespace pointsman::tests {
namespace {

constexpr PoolId kPool{1};
constexpr uint64_t kSeeds = 100;  // 500 losses of power
constexpr int kLives = 5;

// What a data folder may and must hold.
struct Expected {
  std::vector<Event> events;          // written, acknowledged or not
  Sequence last_on_disk = 0;          // acknowledged as kDisk
  std::vector<Decision> decisions;    // in order of writing
  std::size_t decisions_on_disk = 0;  // this many of the first must be there
  std::set<Sequence> snapshots;       // written
  Sequence last_snapshot = 0;         // acknowledged
  PoolId last_pool_id{};              // given
};

storage::Durability SampleDurability(Rng& rng) {
  return rng.Below(2) == 0 ? storage::Durability::kDisk : storage::Durability::kProcess;
}

// Writes until something fails.
void WriteUntilFailure(storage::Storage& storage, Rng& rng, Expected& expected) {
  while (true) {
    const uint64_t dice = rng.Below(10);
    const storage::Durability durability = SampleDurability(rng);
    absl::Status status;
    if (dice < 5) {
      storage::LogBatch batch;
      for (uint64_t n = 1 + rng.Below(20); n > 0; --n) {
        batch.events.push_back(storage::SampleEvent(rng, kPool, expected.events.size() + 1));
        expected.events.push_back(batch.events.back());
      }
      status = storage.log->Commit(batch, durability);
      if (status.ok() && durability == storage::Durability::kDisk) {
        expected.last_on_disk = expected.events.size();
      }
    } else if (dice < 8) {
      const std::string id =
          std::to_string(expected.decisions.size()) + "/" + std::to_string(rng.Next());
      expected.decisions.push_back(storage::SampleDecision(rng, kPool, id, 3, 8));
      status = storage.decisions->Put(expected.decisions.back(), durability);
      if (status.ok() && durability == storage::Durability::kDisk) {
        expected.decisions_on_disk = expected.decisions.size();
      }
    } else if (dice < 9) {
      // Large ones now and then, so that tables are written too.
      const Sequence at = expected.events.size();
      expected.snapshots.insert(at);
      status = storage.log->PutSnapshot(kPool, at, std::string(rng.Below(1 << 20), 'x'), 2);
      if (status.ok()) expected.last_snapshot = at;
      if (status.ok()) expected.last_on_disk = at;  // a sync covers what was before it
    } else {
      const absl::StatusOr<PoolId> id = storage.log->NewPoolId();
      status = id.status();
      if (id.ok()) {
        EXPECT_GT(*id, expected.last_pool_id);
        expected.last_pool_id = *id;
        expected.last_on_disk = expected.events.size();
      }
    }
    if (!status.ok()) {
      EXPECT_TRUE(absl::IsUnavailable(status)) << status;
      return;
    }
  }
}

// Compares, and removes from `expected` what the power loss was allowed to take.
void ExpectAndForget(const storage::Storage& storage, Expected& expected) {
  const auto events = storage.log->ReadEvents(kPool, 1, 1000000);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_GE(events->size(), expected.last_on_disk);
  ASSERT_LE(events->size(), expected.events.size());
  expected.events.resize(events->size());
  ASSERT_EQ(*events, expected.events);

  std::size_t found = 0;
  for (std::size_t i = 0; i < expected.decisions.size(); ++i) {
    const auto decision = storage.decisions->Get(kPool, expected.decisions[i].id);
    ASSERT_TRUE(decision.ok()) << decision.status();
    if (!decision->has_value()) continue;
    ASSERT_EQ(found, i) << "a decision before this one is gone";
    ASSERT_EQ(**decision, expected.decisions[i]);
    ++found;
  }
  ASSERT_GE(found, expected.decisions_on_disk);
  expected.decisions.resize(found);

  const std::vector<Sequence> snapshots = storage.log->ListSnapshots(kPool).value();
  if (expected.last_snapshot > 0) {
    ASSERT_FALSE(snapshots.empty());
    ASSERT_GE(snapshots[0], expected.last_snapshot);
  }
  for (const Sequence at : snapshots) {
    EXPECT_TRUE(expected.snapshots.contains(at));
    EXPECT_TRUE(storage.log->ReadSnapshot(kPool, at).ok());
  }
  expected.snapshots = {snapshots.begin(), snapshots.end()};
}

void LoseOverAndOver(uint64_t seed) {
  Rng rng(seed);
  const storage::TempDir dir;
  storage::FaultEnv env;
  Expected expected;
  for (int life = 0; life < kLives; ++life) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", life " + std::to_string(life));
    // Few operations: the power fails during the opening. Many: during the writing.
    env.FailFrom(env.operations() + 1 +
                 static_cast<int64_t>(rng.Below(rng.Below(3) == 0 ? 80 : 1500)));
    {
      absl::StatusOr<storage::Storage> storage =
          storage::OpenRocksStorageOn({.folder = dir.path()}, &env);
      if (storage.ok()) {
        ExpectAndForget(*storage, expected);
        if (::testing::Test::HasFatalFailure()) return;
        WriteUntilFailure(*storage, rng, expected);
      } else {
        ASSERT_TRUE(absl::IsUnavailable(storage.status())) << storage.status();
      }
    }
    env.LosePower(rng);
    absl::StatusOr<storage::Storage> storage =
        storage::OpenRocksStorageOn({.folder = dir.path()}, &env);
    ASSERT_TRUE(storage.ok()) << storage.status();
    ExpectAndForget(*storage, expected);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PowerLoss, TakesOnlyTheEndOfWhatWasNotSynced) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    LoseOverAndOver(seed);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace pointsman::tests
