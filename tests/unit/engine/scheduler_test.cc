// Maintenance jobs and tasks: when they run, in which lane, and that stopping ends them.
#include "engine/maintain/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

namespace pointsman::engine {
namespace {

using Lane = Scheduler::Lane;
constexpr Micros kSecond = kMicrosPerSecond;

TEST(Scheduler, RunsAJobOfALaneAsOftenAsItIsDueAndNoOther) {
  ManualClock clock(1000 * kSecond);
  Scheduler scheduler(Writing::kInline, clock);
  int often = 0, seldom = 0, aside = 0;
  scheduler.Add("often", Lane::kWriter, kSecond, [&](Micros) { return ++often < 0; });
  scheduler.Add("seldom", Lane::kWriter, 10 * kSecond, [&](Micros) { return ++seldom < 0; });
  scheduler.Add("aside", Lane::kAside, kSecond, [&](Micros) { return ++aside < 0; });
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(scheduler.RunDue(Lane::kWriter));
    clock.Advance(kSecond / 2);
  }
  EXPECT_EQ(often, 20);
  EXPECT_EQ(seldom, 2);
  EXPECT_EQ(aside, 0);
  const auto figures = scheduler.figures();
  EXPECT_EQ(figures[0].name, "often");
  EXPECT_EQ(figures[0].runs, 20u);
  EXPECT_EQ(figures[2].runs, 0u);
}

TEST(Scheduler, RunsAJobAgainAtOnceThatHasMoreToDo) {
  ManualClock clock(1000 * kSecond);
  Scheduler scheduler(Writing::kInline, clock);
  int left = 3;
  scheduler.Add("much", Lane::kWriter, kSecond, [&](Micros) { return --left > 0; });
  EXPECT_TRUE(scheduler.RunDue(Lane::kWriter));
  EXPECT_TRUE(scheduler.RunDue(Lane::kWriter));
  EXPECT_FALSE(scheduler.RunDue(Lane::kWriter));
  EXPECT_FALSE(scheduler.RunDue(Lane::kWriter));
  EXPECT_EQ(left, 0);
}

TEST(Scheduler, GoesOnWhenTheClockIsSetBack) {
  ManualClock clock(1000 * kSecond);
  Scheduler scheduler(Writing::kInline, clock);
  int runs = 0;
  scheduler.Add("job", Lane::kWriter, 100 * kSecond, [&](Micros) { return ++runs < 0; });
  scheduler.RunDue(Lane::kWriter);
  clock.Advance(-500 * kSecond);
  scheduler.RunDue(Lane::kWriter);
  EXPECT_EQ(runs, 2);
}

TEST(Scheduler, RunsAWokenJobBeforeItsTime) {
  ManualClock clock(1000 * kSecond);
  Scheduler scheduler(Writing::kInline, clock);
  int woken = 0, other = 0;
  scheduler.Add("woken", Lane::kAside, 100 * kSecond, [&](Micros) { return ++woken < 0; });
  scheduler.Add("other", Lane::kAside, 100 * kSecond, [&](Micros) { return ++other < 0; });
  scheduler.Wake("woken");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(other, 1);  // it had never run
  scheduler.Wake("woken");
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(other, 1);
}

TEST(Scheduler, FinishesItsTasksWhenItStopsAndTakesNoMore) {
  const SystemClock clock;
  Scheduler scheduler(Writing::kThread, clock);
  scheduler.Start();
  std::promise<void> go;
  std::atomic<int> done{0};
  EXPECT_TRUE(scheduler.RunOnce([&, wait = go.get_future().share()] {
    wait.wait();
    ++done;
  }));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(scheduler.RunOnce([&] { ++done; }));
  go.set_value();
  scheduler.Stop();
  EXPECT_EQ(done, 6);
  EXPECT_FALSE(scheduler.RunOnce([&] { ++done; }));
  EXPECT_EQ(done, 6);
}

}  // namespace
}  // namespace pointsman::engine
