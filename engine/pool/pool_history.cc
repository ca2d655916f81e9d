#include "engine/pool/pool_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "engine/request/decision_facts.h"

namespace pointsman::engine {
namespace {

constexpr uint32_t kFormat = 1;
constexpr std::size_t kMinuteArmsMax = 1024;  // of the minute that is being counted
constexpr std::size_t kBucketBytesMin = 8 * 4 + 2 * 24 + 8;
constexpr std::size_t kArmBytes = 4 + 3 * 8 + 3 * 24;

void PutSums(ByteWriter& bytes, const Sums& sums) {
  bytes.Put(sums.count);
  bytes.Put(sums.sum);
  bytes.Put(sums.sum_of_squares);
}

Sums GetSums(ByteReader& bytes) {
  Sums sums;
  sums.count = bytes.Get<uint64_t>();
  sums.sum = bytes.Get<double>();
  sums.sum_of_squares = bytes.Get<double>();
  if (!std::isfinite(sums.sum) || !std::isfinite(sums.sum_of_squares)) bytes.Fail();
  return sums;
}

void PutBucket(ByteWriter& bytes, const HistoryBucket& bucket) {
  bytes.Put(bucket.start);
  bytes.Put(bucket.decisions);
  bytes.Put(bucket.explored);
  bytes.Put(bucket.first_feedback);
  PutSums(bytes, bucket.lag_s);
  PutSums(bytes, bucket.saved_usd);
  bytes.Put(static_cast<uint64_t>(bucket.arms.size()));
  for (const auto& [id, arm] : bucket.arms) {
    bytes.Put(Index(id));
    bytes.Put(arm.decisions);
    bytes.Put(arm.calls);
    bytes.Put(arm.failed);
    PutSums(bytes, arm.quality);
    PutSums(bytes, arm.cost_usd);
    PutSums(bytes, arm.latency_ms);
  }
}

HistoryBucket GetBucket(ByteReader& bytes) {
  HistoryBucket bucket;
  bucket.start = bytes.Get<Micros>();
  bucket.decisions = bytes.Get<uint64_t>();
  bucket.explored = bytes.Get<uint64_t>();
  bucket.first_feedback = bytes.Get<uint64_t>();
  bucket.lag_s = GetSums(bytes);
  bucket.saved_usd = GetSums(bytes);
  const uint64_t arms = bytes.GetCount(kArmBytes);
  for (uint64_t i = 0; i < arms; ++i) {
    ArmBucket& arm = bucket.arms[ArmId{bytes.Get<uint32_t>()}];
    arm.decisions = bytes.Get<uint64_t>();
    arm.calls = bytes.Get<uint64_t>();
    arm.failed = bytes.Get<uint64_t>();
    arm.quality = GetSums(bytes);
    arm.cost_usd = GetSums(bytes);
    arm.latency_ms = GetSums(bytes);
  }
  return bucket;
}

// Leaves the busiest arms their places, and adds the others together.
void KeepBusiest(HistoryBucket& bucket) {
  if (bucket.arms.size() <= PoolHistory::kArmsMax) return;
  std::vector<std::pair<uint64_t, ArmId>> busy;
  for (const auto& [id, arm] : bucket.arms) {
    if (id != kOtherArms) busy.emplace_back(std::max(arm.decisions, arm.calls), id);
  }
  std::sort(busy.begin(), busy.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  ArmBucket others;
  for (std::size_t i = PoolHistory::kArmsMax - 1; i < busy.size(); ++i) {
    const auto found = bucket.arms.find(busy[i].second);
    others.Add(found->second);
    bucket.arms.erase(found);
  }
  bucket.arms[kOtherArms].Add(others);
}

// A field that this event reports first. Corrections are left out.
const double* FirstOf(const std::optional<double>& now, const std::optional<double>& before) {
  return now && !before ? &*now : nullptr;
}

}  // namespace

void ArmBucket::Add(const ArmBucket& other) {
  decisions += other.decisions;
  quality.Add(other.quality);
  cost_usd.Add(other.cost_usd);
  latency_ms.Add(other.latency_ms);
  calls += other.calls;
  failed += other.failed;
}

void HistoryBucket::Add(const HistoryBucket& other) {
  decisions += other.decisions;
  explored += other.explored;
  first_feedback += other.first_feedback;
  lag_s.Add(other.lag_s);
  saved_usd.Add(other.saved_usd);
  for (const auto& [id, arm] : other.arms) arms[id].Add(arm);
}

// Clocks may be set back; then entries stay in the newest bucket.
HistoryBucket& PoolHistory::BucketOf(Level& level, Micros time) {
  const Micros start = time - time % level.step;
  if (level.buckets.empty() || level.buckets.back().start < start) {
    level.buckets.push_back({.start = start});
    if (level.buckets.size() > level.kept) level.buckets.pop_front();
  }
  return level.buckets.back();
}

HistoryBucket& PoolHistory::MinuteOf(Micros time) {
  ++entries_;
  Level& minutes = levels_[0];
  const Micros start = time - time % minutes.step;
  if (!minutes.buckets.empty() && minutes.buckets.back().start < start) CloseMinute();
  HistoryBucket& minute = BucketOf(minutes, time);
  if (minute.arms.size() > kMinuteArmsMax) KeepBusiest(minute);
  return minute;
}

void PoolHistory::CloseMinute() {
  HistoryBucket& minute = levels_[0].buckets.back();
  KeepBusiest(minute);
  for (std::size_t i = 1; i < levels_.size(); ++i) {
    HistoryBucket& bucket = BucketOf(levels_[i], minute.start);
    bucket.Add(minute);
    KeepBusiest(bucket);
  }
}

void PoolHistory::CountDecision(const Decision& decision) {
  const ArmId arm = decision.chosen.front().arm;
  const bool explored = decision.group != Group::kControl && !TookBest(decision);
  double dearest = -std::numeric_limits<double>::infinity();
  const Candidate* chosen = nullptr;
  for (const Candidate& candidate : decision.candidates) {
    if (const auto cost = candidate.expected.KnownCost()) dearest = std::max(dearest, *cost);
    if (candidate.arm == arm) chosen = &candidate;
  }
  MutexLock lock(mutex_);
  HistoryBucket& minute = MinuteOf(decision.time);
  ++minute.decisions;
  ++minute.arms[arm].decisions;
  minute.explored += explored ? 1 : 0;
  if (chosen == nullptr) return;
  if (const auto cost = chosen->expected.KnownCost()) minute.saved_usd.Add(dearest - *cost);
}

void PoolHistory::CountOutcome(Micros time, const OutcomeEvent& outcome) {
  if (!outcome.is_learned || outcome.is_missing || outcome.is_withdrawal) return;
  if (outcome.selection == Selection::kImported) return;
  MutexLock lock(mutex_);
  HistoryBucket& minute = MinuteOf(time);
  if (outcome.is_first && outcome.attempt == 0 && outcome.decision_time > 0) {
    ++minute.first_feedback;
    minute.lag_s.Add(
        std::max(0.0, static_cast<double>(time - outcome.decision_time) / kMicrosPerSecond));
  }
  const Outcome& now = outcome.outcome;
  const Outcome& before = outcome.before;
  ArmBucket& arm = minute.arms[outcome.arm];
  if (const double* quality = FirstOf(now.quality, before.quality)) arm.quality.Add(*quality);
  if (const double* cost = FirstOf(now.cost_usd, before.cost_usd)) arm.cost_usd.Add(*cost);
  if (const double* ms = FirstOf(now.latency_ms, before.latency_ms)) arm.latency_ms.Add(*ms);
  const CallEnd end = EndOf(MergedOutcome(outcome));
  if (EndOf(before) == CallEnd::kUnknown && end != CallEnd::kUnknown) {
    ++arm.calls;
    arm.failed += end == CallEnd::kFailed ? 1 : 0;
  }
}

History PoolHistory::Read(Micros span, Micros now) const {
  span = std::clamp<Micros>(span, 1, kSpanMax);
  MutexLock lock(mutex_);
  std::size_t at = 0;
  while (at + 1 < levels_.size() &&
         levels_[at].step * static_cast<Micros>(levels_[at].kept) < span) {
    ++at;
  }
  Level level = levels_[at];
  const auto& minutes = levels_[0].buckets;
  if (at > 0 && !minutes.empty()) {  // the minute that is being counted is in no other level
    HistoryBucket& bucket = BucketOf(level, minutes.back().start);
    bucket.Add(minutes.back());
    KeepBusiest(bucket);
  }
  History history;
  history.step = level.step;
  history.first = (now - span) - (now - span) % level.step;
  for (HistoryBucket& bucket : level.buckets) {
    if (bucket.start >= history.first && !bucket.empty()) {
      history.buckets.push_back(std::move(bucket));
    }
  }
  if (at == 0 && !history.buckets.empty()) KeepBusiest(history.buckets.back());
  return history;
}

uint64_t PoolHistory::entries() const {
  MutexLock lock(mutex_);
  return entries_;
}

std::string PoolHistory::Encode() const {
  ByteWriter bytes;
  bytes.Put(kFormat);
  MutexLock lock(mutex_);
  for (const Level& level : levels_) {
    bytes.Put(static_cast<uint64_t>(level.buckets.size()));
    for (const HistoryBucket& bucket : level.buckets) PutBucket(bytes, bucket);
  }
  return bytes.Take();
}

bool PoolHistory::Decode(std::string_view text) {
  ByteReader bytes(text);
  if (bytes.Get<uint32_t>() != kFormat) return false;
  MutexLock lock(mutex_);
  auto levels = levels_;
  for (Level& level : levels) {
    const uint64_t count = bytes.GetCount(kBucketBytesMin);
    if (count > level.kept) return false;
    level.buckets.clear();
    for (uint64_t i = 0; i < count; ++i) {
      level.buckets.push_back(GetBucket(bytes));
      const auto& all = level.buckets;
      if (i > 0 && all[i].start <= all[i - 1].start) return false;
      if (all[i].start % level.step != 0) return false;
    }
  }
  if (!bytes.AtEnd()) return false;
  levels_ = std::move(levels);
  return true;
}

}  // namespace pointsman::engine
