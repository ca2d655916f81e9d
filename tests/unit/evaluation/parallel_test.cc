#include "evaluation/replay/parallel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <vector>

namespace pointsman::evaluation {
namespace {

TEST(ForEachTask, CallsEveryTaskOnceAndCountsThem) {
  std::vector<std::atomic<int>> calls(100);
  std::vector<std::size_t> done;

  const absl::Status status = ForEachTask(
      calls.size(), 4,
      [&](std::size_t task) {
        ++calls[task];
        return absl::OkStatus();
      },
      [&](std::size_t count) { done.push_back(count); });

  EXPECT_TRUE(status.ok());
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  std::vector<std::size_t> expected(100);
  std::iota(expected.begin(), expected.end(), std::size_t{1});
  EXPECT_EQ(done, expected);
}

TEST(ForEachTask, BeginsNoFurtherTaskAfterAnError) {
  std::size_t begun = 0;

  const absl::Status status = ForEachTask(
      50, 1,
      [&](std::size_t task) {
        ++begun;
        return task == 3 ? absl::InternalError("three") : absl::OkStatus();
      },
      nullptr);

  EXPECT_EQ(status, absl::InternalError("three"));
  EXPECT_EQ(begun, 4u);
}

TEST(ForEachTask, TakesNoTaskAtAll) {
  EXPECT_TRUE(ForEachTask(
                  0, 3, [](std::size_t) { return absl::OkStatus(); }, nullptr)
                  .ok());
}

}  // namespace
}  // namespace pointsman::evaluation
