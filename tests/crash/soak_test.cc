// Decisions that wait for feedback are on disk, within their bytes. However many there
// are, memory does not grow.
//   POINTSMAN_SOAK_DECISIONS: how many (default 120,000)
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/engine_fixture.h"
#include "tests/support/test_folder.h"

namespace pointsman::tests {
namespace {

constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kDecisionBytesMax = 32 * kMegabyte;
constexpr int64_t kGrowthMax = 32 * kMegabyte;

int64_t Decisions() {
  const char* asked = std::getenv("POINTSMAN_SOAK_DECISIONS");
  return asked == nullptr ? 120000 : std::atoll(asked);
}

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int64_t BytesBelow(const std::string& folder) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder, ignored)) {
    if (file.is_regular_file(ignored)) bytes += static_cast<int64_t>(file.file_size(ignored));
  }
  return bytes;
}

class Soak : public EngineFixture {
 protected:
  void SetUp() override {}
  TestFolder folder_;
};

TEST_F(Soak, KeepsMemoryAndDiskBoundedHoweverManyDecisionsWait) {
  engine::EngineOptions options;
  options.limits.decisions_bytes_max = kDecisionBytesMax;
  options.limits.snapshot_every_events = 5000;
  options.limits.events_kept = 0;
  auto storage = storage::OpenRocksStorage(
      {.folder = folder_.path(), .decisions_bytes_max = options.limits.decisions_bytes_max});
  ASSERT_TRUE(storage.ok()) << storage.status();
  OpenWith(*std::move(storage), options);
  PoolSettings settings;
  settings.experience_max = 5000;
  settings.feedback_window = 3600 * kMicrosPerSecond;
  MakePool(settings);

  const int64_t count = Decisions();
  int64_t before = 0;
  std::atomic<int64_t> waiting{0};
  std::atomic<int64_t> failed{0};
  for (int64_t i = 0; i < count; ++i) {
    clock_.Advance(50 * kMicrosPerMs);
    const engine::RouteOutput decision =
        MustRoute("question about topic " + std::to_string(i % 997));
    ASSERT_TRUE(decision.logged);
    if (i % 4 == 0) {  // the rest wait in vain
      engine::FeedbackInput input;
      input.decision_id = decision.decision_id;
      input.outcome.quality = 0.5;
      ++waiting;
      engine_->Feedback(std::move(input), [&](const auto& told) {
        if (!told.ok()) ++failed;
        --waiting;
      });
      while (waiting > 256) std::this_thread::yield();
    }
    if (i == count / 3) before = ResidentBytes();
  }
  while (waiting > 0) std::this_thread::yield();
  const int64_t growth = ResidentBytes() - before;
  EXPECT_EQ(failed, 0);
  EXPECT_LT(growth, kGrowthMax);
  const int64_t disk = BytesBelow(folder_.path());
  EXPECT_LT(disk, 4 * kDecisionBytesMax);
  std::printf("%lld decisions; memory grew by %.1f MB in the last two thirds; %.1f MB on disk\n",
              static_cast<long long>(count), static_cast<double>(growth) / kMegabyte,
              static_cast<double>(disk) / kMegabyte);
}

}  // namespace
}  // namespace pointsman::tests
