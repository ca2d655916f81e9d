// What a client's weight is to the log, to a restart, and to those who change the setting.
#include <limits>

#include "base/rng.h"
#include "client_weight_fixture.h"
#include "engine/inspect/verify.h"

namespace pointsman::engine {
namespace {

using ClientWeightLog = ClientWeight;

TEST_F(ClientWeightLog, IsInTheLogSoThatAReplayGivesTheSameState) {
  OpenFolder();
  MakePool(Bound(4.25));
  Rng rng(5);
  std::vector<std::string> decisions;
  for (int i = 0; i < 150; ++i) {
    decisions.push_back(Decide(rng.Below(2) == 0 ? "alpha" : "beta"));
    Rate("client " + std::to_string(rng.Below(4)), decisions.back(), rng.Uniform());
    const std::string& again = decisions[rng.Below(decisions.size())];
    if (i % 5 == 0) Rate("client " + std::to_string(rng.Below(4)), again, rng.Uniform());
    clock_.Advance(static_cast<Micros>(rng.Below(2 * kMinute)));
  }
  EXPECT_GT(Stats().feedback.over_weight, 20u);
  EXPECT_GT(Stats().feedback.corrected, 2u);
  const uint64_t checksum = StateChecksumNow();
  for (const bool from_start : {false, true}) {
    const auto log = storage::ReadRocksEventLog(folder_.path());
    const auto checks = VerifyLog(**log, {from_start, nullptr});
    ASSERT_TRUE(checks.ok()) << checks.status();
    EXPECT_TRUE(checks->front().is_sound()) << checks->front().fault;
    EXPECT_GE(checks->front().snapshots.size(), 2u);
    EXPECT_EQ(checks->front().checksum, checksum);
  }
  OpenFolder();
  EXPECT_EQ(StateChecksumNow(), checksum);
  EXPECT_EQ(engine_->GetPool("default")->pool.settings.client_weight_per_hour, 4.25);
}

TEST_F(ClientWeightLog, IsStillUsedAfterARestart) {
  OpenFolder();
  MakePool(Bound(1));
  const std::string first = Decide();
  EXPECT_EQ(Rate("a", first, 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  OpenFolder();
  EXPECT_EQ(Rate("a", first, 0.5), FeedbackResult::kCorrected);  // counted before the restart
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  clock_.Advance(66 * kMinute);
  OpenFolder();
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
}

TEST_F(ClientWeightLog, CanBeBoundedOtherwiseAtAnyTime) {
  MakePool();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 2; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 2.5; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
  EXPECT_EQ(Logged().back().event.weight, 0.5);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 1; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), kOver);
  ASSERT_TRUE(Change([](PoolSettings& s) { s.client_weight_per_hour = 0; }).ok());
  EXPECT_EQ(Rate("a", Decide(), 1), FeedbackResult::kApplied);
}

TEST_F(ClientWeightLog, IsRefusedWhenItIsNoNumberOfObservations) {
  MakePool(Bound(3));
  for (const double bad : {-1.0, 2e9, std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    const auto changed = Change([&](PoolSettings& s) { s.client_weight_per_hour = bad; });
    EXPECT_TRUE(absl::IsInvalidArgument(changed.status())) << changed.status();
    EXPECT_EQ(FieldOf(changed.status()), "settings.client_weight_per_hour");
  }
  EXPECT_EQ(engine_->GetPool("default")->pool.settings.client_weight_per_hour, 3);
}

}  // namespace
}  // namespace pointsman::engine
