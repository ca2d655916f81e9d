// Power loss under a running engine: an acknowledged feedback is on disk, at its place in the log.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine_scenario.h"
#include "fault_env.h"
#include "storage/rocks/rocks_common.h"
#include "tests/support/test_folder.h"

namespace pointsman::tests {
namespace {

constexpr uint64_t kSeeds = 10;
constexpr int kLives = 8;

TEST(EnginePowerLoss, LosesNoAcknowledgedFeedback) {
  std::size_t acknowledged = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Rng rng(seed);
    const TestFolder folder;
    storage::FaultEnv env;
    EngineScenario scenario(seed);
    for (int life = 0; life < kLives; ++life) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", life " + std::to_string(life));
      env.FailFrom(env.operations() + 1 + static_cast<int64_t>(rng.Below(600)));
      {
        auto storage = storage::OpenRocksStorageOn({.folder = folder.path()}, &env);
        if (storage.ok()) {
          scenario.Run(*std::move(storage), 40);
        } else {
          ASSERT_TRUE(absl::IsUnavailable(storage.status())) << storage.status();
        }
      }
      env.LosePower(rng);
      auto storage = storage::OpenRocksStorageOn({.folder = folder.path()}, &env);
      ASSERT_TRUE(storage.ok()) << storage.status();
      scenario.ExpectAllAcknowledged(*std::move(storage));
      if (::testing::Test::HasFailure()) return;
    }
    acknowledged += scenario.acknowledged();
  }
  EXPECT_GT(acknowledged, 500u);
}

}  // namespace
}  // namespace pointsman::tests
