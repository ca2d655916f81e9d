// All that a pool has learned at one position of its log: settings, arms, quality model, trackers.
// A pure fold over events: the same log gives the same bytes. Serving reads a published one.
// Operation: Apply copies (sharing what it does not touch) and learns; Encode and Decode are the
//   snapshot. Time is the event's time; there is no clock here.
// Threads: a value; const methods from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/event.h"
#include "base/persistent_array.h"
#include "base/types.h"
#include "learners/quality_model.h"
#include "learners/tracker.h"

namespace pointsman {

// What a decision knows of its query beside the arms.
struct QueryView {
  std::span<const float> context;  // z, d entries; empty: no vector
  double input_tokens = 0;
};

// What is told about an arm in GetStats.
struct ArmFigures {
  uint64_t outcomes = 0;
  TrackerFigures tracker;
  QualityEstimate level;
};

class LearnedState {
 public:
  LearnedState(const LearnedState& other);
  LearnedState& operator=(const LearnedState&) = delete;
  LearnedState(LearnedState&&) = default;

  // Before any event; the log then begins with the PoolEvent of the same pool.
  // Errors: kInvalidArgument for settings that no learner can follow.
  static absl::StatusOr<LearnedState> Empty(const Pool& pool);

  Sequence version() const { return version_; }
  Micros time() const { return time_; }
  const Pool& pool() const { return *pool_; }
  uint64_t outcomes() const { return outcomes_; }

  std::size_t arm_count() const { return arms_.size(); }  // removed ones included
  const Arm* arm(ArmId id) const { return arms_.Get(Index(id)); }

  // Expectations per arm, in order: quality (error rate included), cost, latency.
  std::vector<ArmExpectation> Estimate(const QueryView& query, std::span<const ArmView> arms) const;
  // The distribution over the arms, for a quality model that makes it itself; false: make it from
  // Estimate. Shapes: one entry per arm.
  bool ChooseDirectly(const QueryView& query, const Preference& preference,
                      std::span<const ArmView> arms, std::span<const ArmExpectation> expected,
                      std::span<double> pmf, std::span<ExpertVotes> votes) const;
  // Expected USD of one call; 0 if neither price nor cost is known.
  double ExpectedCost(const Arm& arm, double input_tokens) const;
  // Expected ms of one call; 0 if nothing is known.
  double ExpectedLatency(const Arm& arm) const;
  // Price x expected tokens, not yet corrected by observed cost: what an OutcomeEvent carries as
  // `cost_estimate_usd`. 0 for an arm without a price.
  double PricedCost(const Arm& arm, double input_tokens) const;
  ArmFigures Figures(ArmId arm, Micros now) const;

  std::string Encode() const;
  // Errors: kDataLoss for any bytes that Encode did not write.
  static absl::StatusOr<LearnedState> Decode(std::string_view bytes);

  // Learns events in order: each with sequence version() + 1 and a time that does not decrease.
  // Errors: kInvalidArgument / kDataLoss for an event that does not fit; the state is then as after
  // the last good one and must be thrown away.
  absl::Status Learn(std::span<const Event> events);

 private:
  LearnedState() = default;
  absl::Status LearnOne(const Event& event);
  absl::Status LearnOutcome(const OutcomeEvent& event, Micros time);
  absl::Status LearnArm(const Arm& arm);
  absl::Status LearnPool(const Pool& pool);

  Sequence version_ = 0;
  Micros time_ = 0;
  uint64_t outcomes_ = 0;
  std::shared_ptr<const Pool> pool_;
  PersistentArray<Arm> arms_;
  PersistentArray<ArmTracker> trackers_;
  std::unique_ptr<QualityModel> quality_;
};

// Errors: kInvalidArgument naming the first setting that no learner can follow.
absl::Status ValidateForLearning(const PoolSettings& settings);

// Checksum(state.Encode()): equal for equal states.
uint64_t StateChecksum(const LearnedState& state);

// The fold's step: a new state, the old one untouched.
absl::StatusOr<LearnedState> Apply(const LearnedState& state, std::span<const Event> events);

}  // namespace pointsman
