#include "service/access/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace pointsman::service {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kAtOnce{0};
constexpr milliseconds kLongEnough{60000};
constexpr int64_t kMany = 1000;

TEST(GateOfCalls, LetsNobodyInOnceClosed) {
  Gate gate;
  EXPECT_EQ(gate.Enter(kMany), Gate::Entry::kIn);
  gate.Close();
  EXPECT_EQ(gate.Enter(kMany), Gate::Entry::kClosed);
}

TEST(GateOfCalls, LetsNobodyInWhilePausedAndNeverAgainOnceClosed) {
  Gate gate;
  gate.Pause();
  EXPECT_EQ(gate.Enter(kMany), Gate::Entry::kPaused);
  EXPECT_TRUE(gate.WaitUntilEmpty(kAtOnce));
  gate.Resume();
  EXPECT_EQ(gate.Enter(kMany), Gate::Entry::kIn);
  gate.Pause();
  gate.Close();
  gate.Resume();
  EXPECT_EQ(gate.Enter(kMany), Gate::Entry::kClosed);
}

TEST(GateOfCalls, LetsInAsManyAsMayBeInside) {
  Gate gate;
  ASSERT_EQ(gate.Enter(2), Gate::Entry::kIn);
  ASSERT_EQ(gate.Enter(2), Gate::Entry::kIn);
  EXPECT_EQ(gate.Enter(2), Gate::Entry::kFull);
  gate.Leave();
  EXPECT_EQ(gate.Enter(2), Gate::Entry::kIn);
}

TEST(GateOfCalls, IsEmptyWhenEverybodyWhoEnteredHasLeft) {
  Gate gate;
  EXPECT_TRUE(gate.WaitUntilEmpty(kAtOnce));
  ASSERT_EQ(gate.Enter(kMany), Gate::Entry::kIn);
  ASSERT_EQ(gate.Enter(kMany), Gate::Entry::kIn);
  gate.Leave();
  EXPECT_FALSE(gate.WaitUntilEmpty(kAtOnce));
  gate.Leave();
  EXPECT_TRUE(gate.WaitUntilEmpty(kAtOnce));
}

TEST(GateOfCalls, WakesWhoWaitsForTheLastOneInside) {
  Gate gate;
  constexpr int kCallers = 4;
  std::atomic<int> served{0};
  std::atomic<int> inside{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      while (gate.Enter(kMany) == Gate::Entry::kIn) {
        ++inside;
        ++served;
        --inside;
        gate.Leave();
      }
    });
  }
  while (served < 1000) std::this_thread::yield();
  gate.Close();
  EXPECT_TRUE(gate.WaitUntilEmpty(kLongEnough));
  EXPECT_EQ(inside, 0);
  const int served_by_then = served;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(served, served_by_then);
}

}  // namespace
}  // namespace pointsman::service
