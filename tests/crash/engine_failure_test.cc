// Every operation of the storage fails in turn under a running engine, and so does every operation of the
// file system below it. Each call is answered with a status, Route continues, and everything acknowledged is
// there when the folder is opened again.
#include <gtest/gtest.h>

#include "engine_scenario.h"
#include "fault_env.h"
#include "storage/rocks/rocks_common.h"
#include "tests/support/failing_storage.h"
#include "tests/support/test_folder.h"

namespace pointsman::tests {
namespace {

constexpr int kRounds = 16;

TEST(EngineFailure, AtAnyOperationOfTheStorageLosesNothing) {
  int64_t k = 0;
  for (bool has_passed = false; !has_passed;) {
    SCOPED_TRACE("operation " + std::to_string(++k));
    const TestFolder folder;
    storage::FaultEnv env;
    EngineScenario scenario(1);
    auto plan = std::make_shared<FailurePlan>();
    plan->FailOperation(k);
    auto storage = storage::OpenRocksStorageOn({.folder = folder.path() + "/data"}, &env);
    ASSERT_TRUE(storage.ok()) << storage.status();
    scenario.Run(MakeFailingStorage(*std::move(storage), plan), kRounds, folder.path() + "/backup");
    has_passed = plan->operations() < k;
    storage = storage::OpenRocksStorageOn({.folder = folder.path() + "/data"}, &env);
    ASSERT_TRUE(storage.ok()) << storage.status();
    scenario.ExpectAllAcknowledged(*std::move(storage));
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(k, 200);
  std::printf("%lld operations\n", static_cast<long long>(k - 1));
}

TEST(EngineFailure, AtAnyOperationOfTheFileSystemLosesNothing) {
  int64_t k = 0;
  for (bool has_passed = false; !has_passed;) {
    SCOPED_TRACE("operation " + std::to_string(++k));
    const TestFolder folder;
    storage::FaultEnv env;
    EngineScenario scenario(2);
    env.FailFrom(k);
    {
      auto storage = storage::OpenRocksStorageOn({.folder = folder.path()}, &env);
      if (storage.ok()) {
        scenario.Run(*std::move(storage), kRounds);
      } else {
        EXPECT_TRUE(absl::IsUnavailable(storage.status())) << storage.status();
      }
    }
    has_passed = env.operations() < k;
    env.FailFrom(0);
    auto storage = storage::OpenRocksStorageOn({.folder = folder.path()}, &env);
    ASSERT_TRUE(storage.ok()) << storage.status();
    scenario.ExpectAllAcknowledged(*std::move(storage));
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(k, 200);
  std::printf("%lld operations\n", static_cast<long long>(k - 1));
}

}  // namespace
}  // namespace pointsman::tests
