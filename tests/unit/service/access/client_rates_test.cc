#include "service/access/client_rates.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace pointsman::service {
namespace {

constexpr int64_t kPerSecond = 100;
constexpr ClientRates::Rate kRate{kPerSecond, kPerSecond};

TEST(AClientsRate, LetsASecondsWorthThroughAtOnceAndThenAsMuchASecond) {
  ClientRates rates;
  int taken = 0;
  while (!rates.Take("a", 1, kRate, 0)) ++taken;
  EXPECT_EQ(taken, kPerSecond);
  for (Micros now = 0; now < 10 * kMicrosPerSecond; now += 1000) {
    taken += !rates.Take("a", 1, kRate, now).has_value();
  }
  EXPECT_NEAR(taken, 11 * kPerSecond, 2);
}

TEST(AClientsRate, SaysHowLongToWaitAndKeepsItsWord) {
  ClientRates rates;
  while (!rates.Take("a", 1, kRate, 0)) {
  }
  const auto wait = rates.Take("a", 50, kRate, 0);
  ASSERT_TRUE(wait);
  EXPECT_NEAR(static_cast<double>(*wait), 0.5 * kMicrosPerSecond, 1);
  EXPECT_TRUE(rates.Take("a", 50, kRate, *wait - 10000));
  EXPECT_FALSE(rates.Take("a", 50, kRate, *wait));
}

TEST(AClientsRate, LetsABatchOfMoreThanASecondsWorthInAndThenWaitsForIt) {
  ClientRates rates;
  EXPECT_FALSE(rates.Take("a", 5 * kPerSecond, kRate, 0));
  EXPECT_TRUE(rates.Take("a", 1, kRate, 3 * kMicrosPerSecond));
  EXPECT_FALSE(rates.Take("a", 1, kRate, 5 * kMicrosPerSecond));
}

TEST(AClientsRate, HasABurstOfItsOwnSize) {
  ClientRates rates;
  int taken = 0;
  while (!rates.Take("a", 1, {kPerSecond, 7}, 0)) ++taken;
  EXPECT_EQ(taken, 7);
  EXPECT_TRUE(rates.Take("a", 1, {kPerSecond, 7}, 9999));
  EXPECT_FALSE(rates.Take("a", 1, {kPerSecond, 7}, 10001));
}

TEST(AClientsRate, IsItsOwn) {
  ClientRates rates;
  while (!rates.Take("a", 1, kRate, 0)) {
  }
  EXPECT_FALSE(rates.Take("b", 1, kRate, 0));
}

TEST(AClientsRate, IsNotRaisedByAClockThatGoesBack) {
  ClientRates rates;
  while (!rates.Take("a", 1, kRate, kMicrosPerSecond)) {
  }
  EXPECT_TRUE(rates.Take("a", 1, kRate, 0));
}

TEST(ClientsRates, ForgetWhoWasSilentTheLongestFirst) {
  ClientRates rates(/*clients_max=*/3);
  for (const char* client : {"a", "b", "c"}) {
    while (!rates.Take(client, 1, kRate, 0)) {
    }
  }
  EXPECT_TRUE(rates.Take("a", 1, kRate, 0));   // so b was idle the longest
  EXPECT_FALSE(rates.Take("d", 1, kRate, 0));  // takes its place
  EXPECT_TRUE(rates.Take("a", 1, kRate, 0));
  EXPECT_TRUE(rates.Take("c", 1, kRate, 0));
  EXPECT_FALSE(rates.Take("b", 1, kRate, 0));  // starts with a full bucket
}

// Whatever the order of calls, no client gets more than a second's worth plus what its rate allows.
TEST(ClientsRates, HoldForAnySequence) {
  Rng rng(7);
  ClientRates rates;
  Micros now = 0;
  double taken = 0;
  for (int i = 0; i < 20000; ++i) {
    now += static_cast<Micros>(rng.Below(20000));
    const auto items = static_cast<int64_t>(1 + rng.Below(kPerSecond));
    if (!rates.Take("a", items, kRate, now)) taken += static_cast<double>(items);
    ASSERT_LE(taken, kPerSecond + static_cast<double>(kPerSecond * now) / kMicrosPerSecond + 1e-6);
  }
  EXPECT_GT(taken, 0.9 * static_cast<double>(kPerSecond * now) / kMicrosPerSecond);
}

}  // namespace
}  // namespace pointsman::service
