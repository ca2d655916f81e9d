// Everything that a pool has learned at one position of its log: settings, arms, quality model, trackers. It
// is a pure fold over events: the same log gives the same bytes. Serving reads a published state.
// Operation: Apply copies the state (sharing what it does not change) and learns. Encode and Decode are the
//   snapshot. Time is the event's time; there is no clock here.
// Threads: a value; const methods from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/persistent_array.h"
#include "domain/event.h"
#include "domain/types.h"
#include "learners/quality/quality_model.h"
#include "learners/state/tracker.h"

namespace pointsman::learners {

// What a decision knows of its query, apart from the arms.
struct QueryView {
  std::span<const float> context;  // z, d entries; empty: no vector
  double input_tokens = 0;         // of the request; 0: not known
  bool input_is_counted = false;   // by the caller: this many will be paid for
  double max_output_tokens = 0;    // 0: no limit
  LatencyKind latency_kind = LatencyKind::kTotal;
  Micros now = 0;  // figures age until then
};

// What GetStats reports of an arm.
struct ArmFigures {
  uint64_t outcomes = 0;
  TrackerFigures tracker;
  QualityEstimate level;
  ArmExpectation expected;  // of a typical query of the pool, without its vector
};

class LearnedState {
 public:
  LearnedState(const LearnedState& other);
  LearnedState& operator=(const LearnedState&) = delete;
  LearnedState(LearnedState&&) = default;

  // The state before any event. The log then begins with the PoolEvent of the same pool.
  // Errors: kInvalidArgument for settings that no learner can follow.
  static absl::StatusOr<LearnedState> Empty(const Pool& pool);

  Sequence version() const { return version_; }
  Micros time() const { return time_; }
  const Pool& pool() const { return *pool_; }
  uint64_t outcomes() const { return outcomes_; }

  std::size_t arm_count() const { return arms_.size(); }  // removed ones included
  const Arm* arm(ArmId id) const { return arms_.Get(Index(id)); }
  // The last event that changed an arm. After Decode: version(), which is not before it.
  Sequence arms_version() const { return arms_version_; }
  uint64_t Outcomes(ArmId arm) const;
  // The arm's own level of quality, independent of any query.
  QualityEstimate Level(ArmId arm) const { return quality_->Level(arm); }

  // Expectations per arm, in the same order: quality (error rate included), cost, latency.
  std::vector<ArmExpectation> Estimate(const QueryView& query, std::span<const ArmView> arms) const;
  // The distribution over the arms, if the quality model makes it itself. False: compute it from Estimate.
  // Shapes: one entry per arm.
  bool ChooseDirectly(const QueryView& query, const Preference& preference,
                      std::span<const ArmView> arms, std::span<const ArmExpectation> expected,
                      std::span<double> pmf, std::span<ExpertVotes> votes) const;
  // Of the quality model (QualityModel::Optimism).
  double Optimism() const { return quality_->Optimism(); }
  // The least share of the choices kept for each arm because it fails or was found to fail; together
  // at most 6%. Empty: none.
  std::vector<double> WatchedShares(std::span<const ArmView> arms) const;
  // The least share of the choices kept for the arm, for its failures or by the quality model, if it were the
  // only such arm; 0: none.
  double WatchedShare(ArmId arm) const;
  // Estimate for one arm, without quality: cost, latency, error rate, tokens, and which of these are known.
  // Cost: O(1).
  ArmExpectation ExpectCall(const Arm& arm, const QueryView& query) const;
  // Until when the arm is reported to be rate limited; 0: it is not.
  Micros RateLimitedUntil(ArmId arm) const;
  // No arm is rate limited from then on, as far as is reported.
  Micros any_rate_limited_until() const { return any_rate_limited_until_; }
  // The event at which the arm started fresh. Earlier decisions and outcomes are of another model.
  Sequence FreshSince(ArmId arm) const;
  // Weight of the outcomes learned so far. Figures age by it, as well as by time.
  double clock() const { return clock_; }
  ArmFigures Figures(ArmId arm, Micros now) const;

  std::string Encode() const;
  // Errors: kDataLoss for any bytes that Encode did not write.
  static absl::StatusOr<LearnedState> Decode(std::string_view bytes);
  // Whether the bytes have the format that Encode writes. Decode reads older formats too.
  static bool IsPresentFormat(std::string_view bytes);

  // Learns events in order: each with sequence version() + 1 and a time that does not decrease.
  // Errors: kInvalidArgument or kDataLoss for an event that does not fit. The state is then as after the last
  //   good event and must be discarded.
  absl::Status Learn(std::span<const Event> events);

 private:
  LearnedState() = default;
  absl::Status LearnOne(const Event& event);
  absl::Status LearnOutcome(const OutcomeEvent& event, Micros time);
  void LearnQuality(const OutcomeEvent& event);
  void LearnTokens(const OutcomeEvent& event, const LogPoint& now);
  absl::Status LearnArm(const ArmEvent& event, Sequence sequence, Micros time);
  void ResetArm(const ArmEvent& event, Sequence sequence);
  // What the arm contributes to the pool's levels, times `sign`.
  void CountLevels(ArmId arm, double sign);
  static void DecodeLevels(ByteReader& in, LearnedState& state);
  PoolLevels Levels() const;
  CallQuery CallOf(const QueryView& query) const;
  absl::Status LearnPool(const Pool& pool, Micros time);

  Sequence version_ = 0;
  Sequence arms_version_ = 0;
  Micros time_ = 0;
  Micros any_rate_limited_until_ = 0;
  uint64_t outcomes_ = 0;
  double clock_ = 0;
  // Sums over arms of ln(latency), for the pool's prior.
  struct LevelSums {
    double count = 0, sum = 0, squares = 0;
    LatencyPrior Prior() const;
  };
  LevelSums latencies_, first_tokens_;
  DecayedLine input_tokens_;
  DecayedMean query_tokens_;
  std::shared_ptr<const Pool> pool_;
  PersistentArray<Arm> arms_;
  PersistentArray<ArmTracker> trackers_;
  std::map<ArmId, Sequence> fresh_since_;  // of arms that were reset
  std::unique_ptr<QualityModel> quality_;
};

// Errors: kInvalidArgument naming the first setting that no learner can follow.
absl::Status ValidateForLearning(const PoolSettings& settings);

// Checksum(state.Encode()): equal for equal states.
uint64_t StateChecksum(const LearnedState& state);

// One step of the fold: returns a new state, the old one does not change.
absl::StatusOr<LearnedState> Apply(const LearnedState& state, std::span<const Event> events);

}  // namespace pointsman::learners
