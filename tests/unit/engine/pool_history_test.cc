// What a pool did over time: counted, summed up, and kept.
#include "engine/pool/pool_history.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace pointsman::engine {
namespace {

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kStart = 1'700'000'000 * kMicrosPerSecond;

// Of two candidates, 0 and `arm`; the first is the better one, and costs 1 USD more.
Decision Chosen(uint32_t arm, Micros time) {
  Decision decision;
  decision.time = time;
  for (const uint32_t id : {0u, arm}) {
    Candidate candidate;
    candidate.arm = ArmId{id};
    candidate.utility = id == 0 ? 1 : 0.5;
    candidate.expected.cost_usd = id == 0 ? 3 : 2;
    decision.candidates.push_back(candidate);
  }
  decision.chosen.push_back({ArmId{arm}, 1, Selection::kExplore});
  return decision;
}

OutcomeEvent Told(uint32_t arm, double quality, Micros decided) {
  OutcomeEvent event;
  event.arm = ArmId{arm};
  event.outcome.quality = quality;
  event.decision_time = decided;
  return event;
}

HistoryBucket Total(const History& history) {
  HistoryBucket total;
  for (const HistoryBucket& bucket : history.buckets) total.Add(bucket);
  return total;
}

TEST(PoolHistory, CountsDecisionsAndWhatBecameOfThem) {
  PoolHistory history;
  history.CountDecision(Chosen(0, kStart));
  history.CountDecision(Chosen(7, kStart));
  history.CountOutcome(kStart + 3 * kMicrosPerSecond, Told(7, 0.5, kStart));
  const History read = history.Read(kMinute, kStart + kMicrosPerSecond);
  ASSERT_EQ(read.buckets.size(), 1u);
  const HistoryBucket& bucket = read.buckets[0];
  EXPECT_EQ(read.step, kMinute);
  EXPECT_EQ(bucket.decisions, 2u);
  EXPECT_EQ(bucket.explored, 1u);
  EXPECT_EQ(bucket.first_feedback, 1u);
  EXPECT_EQ(bucket.lag_s.sum, 3);
  EXPECT_EQ(bucket.saved_usd.count, 2u);
  EXPECT_EQ(bucket.saved_usd.sum, 1) << "the cheaper arm was chosen once";
  EXPECT_EQ(bucket.arms.at(ArmId{7}).quality.sum, 0.5);
  EXPECT_EQ(bucket.arms.at(ArmId{7}).calls, 1u);
  EXPECT_EQ(bucket.arms.at(ArmId{0}).quality.count, 0u);
}

TEST(PoolHistory, LeavesOutWhatWasNotReportedHere) {
  PoolHistory history;
  OutcomeEvent correction = Told(1, 0.9, kStart);
  correction.is_first = false;
  correction.before.quality = 0.1;
  OutcomeEvent missing = Told(1, 0, kStart);
  missing.is_missing = true;
  OutcomeEvent imported = Told(1, 1, 0);
  imported.selection = Selection::kImported;
  OutcomeEvent late = Told(1, 1, kStart);
  late.is_learned = false;
  for (const OutcomeEvent& event : {correction, missing, imported, late}) {
    history.CountOutcome(kStart, event);
  }
  const HistoryBucket total = Total(history.Read(kMinute, kStart));
  EXPECT_EQ(total.first_feedback, 0u);
  for (const auto& [id, arm] : total.arms) EXPECT_EQ(arm.quality.count, 0u);
}

TEST(PoolHistory, HasTheSameSumsAtEachStepAsLongAsItReachesBack) {
  PoolHistory history;
  Rng rng(7);
  Micros now = kStart;
  uint64_t decisions = 0;
  double quality = 0;
  while (now < kStart + 100 * kMinute) {  // within the two hours of minutes
    now += static_cast<Micros>(rng.Uniform() * 50 * kMicrosPerSecond);
    const auto arm = static_cast<uint32_t>(rng.Uniform() * 5);
    history.CountDecision(Chosen(arm, now));
    history.CountOutcome(now, Told(arm, rng.Uniform(), now));
    ++decisions;
  }
  for (const auto& [id, arm] : Total(history.Read(7200 * kMicrosPerSecond, now)).arms) {
    quality += arm.quality.sum;
  }
  for (const Micros span : {2 * 60 * kMinute, 2 * 1440 * kMinute, PoolHistory::kSpanMax}) {
    const HistoryBucket total = Total(history.Read(span, now));
    EXPECT_EQ(total.decisions, decisions) << span;
    double sum = 0;
    for (const auto& [id, arm] : total.arms) sum += arm.quality.sum;
    EXPECT_NEAR(sum, quality, 1e-9) << span;
  }
}

TEST(PoolHistory, StaysBoundedOverTimeAndArms) {
  PoolHistory history;
  for (int minute = 0; minute < 60 * 24 * 20; minute += 3) {
    for (uint32_t arm = 0; arm < 40; ++arm) {
      history.CountDecision(
          Chosen((arm * 7 + static_cast<uint32_t>(minute)) % 100, kStart + minute * kMinute));
    }
  }
  const Micros now = kStart + 60 * 24 * 20 * kMinute;
  EXPECT_LT(history.Encode().size(), 2u << 20);
  const History all = history.Read(PoolHistory::kSpanMax, now);
  EXPECT_LE(all.buckets.size(), 169u);
  for (const HistoryBucket& bucket : all.buckets) {
    EXPECT_LE(bucket.arms.size(), PoolHistory::kArmsMax);
    uint64_t of_arms = 0;
    for (const auto& [id, arm] : bucket.arms) of_arms += arm.decisions;
    EXPECT_EQ(of_arms, bucket.decisions) << "those without a place of their own are counted too";
    EXPECT_TRUE(bucket.arms.contains(kOtherArms));
  }
}

TEST(PoolHistory, SurvivesAClockThatIsSetBack) {
  PoolHistory history;
  history.CountDecision(Chosen(1, kStart + 10 * kMinute));
  history.CountDecision(Chosen(1, kStart));
  EXPECT_EQ(Total(history.Read(3600 * kMicrosPerSecond, kStart + 10 * kMinute)).decisions, 2u);
}

TEST(PoolHistory, IsTheSameAfterItWasStored) {
  PoolHistory history;
  for (int i = 0; i < 500; ++i) {
    history.CountDecision(Chosen(static_cast<uint32_t>(i % 40), kStart + i * kMinute / 2));
  }
  const std::string bytes = history.Encode();
  PoolHistory again;
  ASSERT_TRUE(again.Decode(bytes));
  EXPECT_EQ(again.Encode(), bytes);
  const Micros now = kStart + 250 * kMinute;
  for (const Micros span : {60 * kMinute, 1440 * kMinute, PoolHistory::kSpanMax}) {
    EXPECT_EQ(again.Read(span, now).buckets, history.Read(span, now).buckets);
  }
}

TEST(PoolHistory, RefusesDamagedBytesAndStaysAsItWas) {
  PoolHistory history;
  for (int i = 0; i < 20; ++i) history.CountDecision(Chosen(1, kStart + i * kMinute));
  const std::string bytes = history.Encode();
  PoolHistory other;
  other.CountDecision(Chosen(2, kStart));
  const std::string before = other.Encode();
  for (std::size_t length = 0; length < bytes.size(); length += 7) {
    EXPECT_FALSE(other.Decode(std::string_view(bytes).substr(0, length))) << length;
  }
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {  // must not crash; what it takes must be of the right form
    std::string damaged = bytes;
    char& byte = damaged[rng.Below(damaged.size())];
    byte = static_cast<char>(byte ^ static_cast<char>(1 + rng.Below(254)));
    PoolHistory taken;
    if (taken.Decode(damaged)) {
      EXPECT_EQ(taken.Encode(), damaged);
    }
  }
  EXPECT_EQ(other.Encode(), before);
}

}  // namespace
}  // namespace pointsman::engine
