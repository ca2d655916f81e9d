// The table of what was counted of each client: a sliding hour, and bounded.
#include "engine/pool/client_weights.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

#include "base/rng.h"

namespace pointsman::engine {
namespace {

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kHour = 60 * kMinute;
constexpr Micros kStart = 1'700'000'000 * kMicrosPerSecond;
constexpr ArmId kArm{3};

TEST(ClientWeights, AreKeptForEachClientAndArm) {
  ClientWeights weights;
  const ClientKey a = KeyOfClient("a"), b = KeyOfClient("b");
  weights.Count(a, kArm, 1, kStart);
  weights.Count(a, kArm, 0.5, kStart);
  EXPECT_EQ(weights.Used(a, kArm, kStart), 1.5);
  EXPECT_EQ(weights.Used(a, ArmId{4}, kStart), 0);
  EXPECT_EQ(weights.Used(b, kArm, kStart), 0);
}

TEST(ClientWeights, HoldAtLeastWhatTheLastHourDidAndNothingOlderThanFiveMinutesMore) {
  ClientWeights weights;
  const ClientKey client = KeyOfClient("a");
  Rng rng(3);
  std::deque<std::pair<Micros, double>> counted;
  Micros now = kStart;
  for (int i = 0; i < 20000; ++i) {
    // Now and then a pause of up to three hours.
    now += static_cast<Micros>(rng.Below(2) == 0    ? rng.Below(10 * kMinute)
                               : rng.Below(50) == 0 ? rng.Below(3 * kHour)
                                                    : rng.Below(kMicrosPerSecond));
    double within = 0, longer = 0;
    for (const auto& [time, weight] : counted) {
      within += time > now - kHour ? weight : 0;
      longer += time > now - kHour - 5 * kMinute ? weight : 0;
    }
    const double used = weights.Used(client, kArm, now);
    ASSERT_GE(used, within - 1e-9) << i;
    ASSERT_LE(used, longer + 1e-9) << i;
    const double weight = rng.Uniform();
    weights.Count(client, kArm, weight, now);
    counted.emplace_back(now, weight);
    while (counted.front().first < now - 4 * kHour) counted.pop_front();
  }
}

TEST(ClientWeights, AreForgottenOnceTheirHourIsOver) {
  ClientWeights weights;
  for (int i = 0; i < 100; ++i) weights.Count(KeyOfClient(std::to_string(i)), kArm, 1, kStart);
  EXPECT_EQ(weights.size(), 100u);
  weights.Count(KeyOfClient("late"), kArm, 1, kStart + kHour + 5 * kMinute);
  EXPECT_EQ(weights.size(), 1u);
}

TEST(ClientWeights, AreBoundedInNumberAndTheOldestGoesFirst) {
  ClientWeights weights(10);
  const auto client = [](int i) { return KeyOfClient(std::to_string(i)); };
  for (int i = 0; i < 10; ++i) weights.Count(client(i), kArm, 1, kStart + i);
  weights.Count(client(0), kArm, 1, kStart + 10);  // which makes it the newest
  for (int i = 10; i < 14; ++i) weights.Count(client(i), kArm, 1, kStart + i + 1);
  EXPECT_EQ(weights.size(), 10u);
  EXPECT_EQ(weights.Used(client(0), kArm, kStart + 20), 2);
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(weights.Used(client(i), kArm, kStart + 20), 0) << i;
  for (int i = 5; i < 14; ++i) EXPECT_EQ(weights.Used(client(i), kArm, kStart + 20), 1) << i;
}

TEST(ClientWeights, DoNotComeBackByAClockThatIsSetBackALittle) {
  ClientWeights weights;
  const ClientKey client = KeyOfClient("a");
  weights.Count(client, kArm, 1, kStart);
  weights.Count(client, kArm, 1, kStart - 30 * kMinute);
  EXPECT_EQ(weights.Used(client, kArm, kStart - 30 * kMinute), 2);
  EXPECT_EQ(weights.Used(client, kArm, kStart + 59 * kMinute), 2);
}

TEST(ClientWeights, AreNotHeldForEverByAClockThatWasFarAhead) {
  ClientWeights weights;
  const ClientKey client = KeyOfClient("a");
  weights.Count(client, kArm, 5, kStart + 1000 * kHour);
  EXPECT_EQ(weights.Used(client, kArm, kStart), 0);
  weights.Count(client, kArm, 1, kStart);
  EXPECT_EQ(weights.Used(client, kArm, kStart), 1);
  EXPECT_EQ(weights.size(), 1u);
}

}  // namespace
}  // namespace pointsman::engine
