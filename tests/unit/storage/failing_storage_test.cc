#include "tests/support/failing_storage.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/status_macros.h"
#include "samples.h"

namespace pointsman::storage {
namespace {

constexpr PoolId kPool{1};

// Commits three events, writes two decisions, reads it all: 3 + 2 + 2 operations.
absl::Status RunScenario(Storage& storage) {
  Rng rng(1);
  for (Sequence s = 1; s <= 3; ++s) {
    LogBatch batch;
    batch.events.push_back(SampleEvent(rng, kPool, s));
    RETURN_IF_ERROR(storage.log->Commit(batch, Durability::kDisk));
  }
  for (const char* id : {"a", "b"}) {
    RETURN_IF_ERROR(storage.decisions->Put(SampleDecision(rng, kPool, id), Durability::kProcess));
  }
  RETURN_IF_ERROR(storage.log->ReadEvents(kPool, 1, 10).status());
  return storage.decisions->Get(kPool, "a").status();
}

TEST(FailingStorage, FailsEachOperationInTurnUntilTheScenarioPasses) {
  int64_t k = 0;
  for (bool has_passed = false; !has_passed;) {
    auto plan = std::make_shared<tests::FailurePlan>();
    plan->FailOperation(++k);
    Storage storage = tests::MakeFailingStorage(OpenMemoryStorage({1, 2}), plan);
    const absl::Status status = RunScenario(storage);
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    EXPECT_EQ(plan->operations(), std::min<int64_t>(k, 7));
    has_passed = status.ok();
  }
  EXPECT_EQ(k, 8);
}

TEST(FailingStorage, LatchesTheStoreWhoseWriteFailed) {
  Rng rng(1);
  auto plan = std::make_shared<tests::FailurePlan>();
  Storage storage = tests::MakeFailingStorage(OpenMemoryStorage({1, 2}), plan);
  LogBatch batch;
  batch.events.push_back(SampleEvent(rng, kPool, 1));
  plan->FailOperation(1);
  EXPECT_TRUE(absl::IsUnavailable(storage.log->Commit(batch, Durability::kDisk)));
  EXPECT_TRUE(absl::IsUnavailable(storage.log->Commit(batch, Durability::kDisk)));
  EXPECT_EQ(storage.log->LastSequence(kPool).value(), 0u);
  EXPECT_TRUE(storage.decisions->Put(SampleDecision(rng, kPool, "a"), Durability::kProcess).ok());
}

}  // namespace
}  // namespace pointsman::storage
