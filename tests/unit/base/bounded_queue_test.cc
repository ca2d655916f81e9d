#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace pointsman {
namespace {

constexpr std::chrono::milliseconds kLong{10000};
constexpr std::chrono::milliseconds kNone{0};

TEST(BoundedQueue, RefusesWhenFullAndLeavesTheItem) {
  BoundedQueue<std::vector<int>> queue(1);
  std::vector<int> first{1}, second{2};
  EXPECT_TRUE(queue.TryPush(first));
  EXPECT_FALSE(queue.TryPush(second));
  EXPECT_EQ(second, std::vector<int>{2});
}

TEST(BoundedQueue, GivesBatchesInOrder) {
  BoundedQueue<int> queue(10);
  for (int i = 0; i < 5; ++i) queue.TryPush(i);
  EXPECT_EQ(queue.PopBatch(3, kNone), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(queue.PopBatch(3, kNone), (std::vector<int>{3, 4}));
  EXPECT_TRUE(queue.PopBatch(3, kNone).empty());
}

TEST(BoundedQueue, GivesWhatIsInsideAfterClosing) {
  BoundedQueue<int> queue(10);
  int one = 1, two = 2;
  queue.TryPush(one);
  queue.Close();
  EXPECT_FALSE(queue.TryPush(two));
  EXPECT_EQ(queue.PopBatch(10, kLong), std::vector<int>{1});
  EXPECT_TRUE(queue.PopBatch(10, kLong).empty());
}

TEST(BoundedQueue, LosesNothingBetweenManyProducersAndOneConsumer) {
  BoundedQueue<int> queue(64);
  std::atomic<int> pushed{0};
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&] {
      for (int i = 1; i <= 2000; ++i) {
        int item = i;
        while (!queue.TryPush(item)) std::this_thread::yield();
        pushed += i;
      }
    });
  }
  int popped = 0, count = 0;
  while (count < 8000) {
    for (const int item : queue.PopBatch(16, kLong)) {
      popped += item;
      ++count;
    }
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(popped, pushed.load());
}

}  // namespace
}  // namespace pointsman
