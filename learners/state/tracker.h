// The tracker of one arm: what its calls take and how they end, as decayed sums of reported outcomes.
// - Figures age by elapsed time and by the outcomes of the whole pool, so those of a quiet arm age too:
//     kept = 2^(-(t - t0) / half_life_s) * 2^(-(T - T0) / half_life_outcomes),  T = LearnedState::clock().
//   Ageing is lazy: sums stay as they were at (t0, T0), and each question scales them.
// - An event carries what is known of the call now and what was known before. What the old knowledge gave is
//   taken back, and what the new knowledge gives is added. Both count as if they had come with the first
//   outcome of the decision (its anchor) and had faded since. So any sequence of parts, corrections, errors
//   and withdrawals ends in the same state as its last values alone, up to rounding.
// - Three things are not rewound: the detector of changes of the error rate (what it cut is taken back as
//   cut); costs from before a price change; and the output tokens expected of calls whose tokens were never
//   reported, where those are fewer than what is known now.
// - With e the error rate, one answered query takes what an answer takes plus e / (1 - e) times what a failed
//   call takes. The odds are errors / (answers + 3), from a Beta prior of 4 answers. A failed call whose
//   latency or cost was not reported counts as an answer does. It takes at least 10% of an answer's time,
//   because someone has to notice it and call again.
// - An arm is watched if its error rate is seen to rise (a cumulative sum, drift_detector.h) or is above one
//   half. A share of the choices is kept for it, so that its recovery is seen.
// - Input tokens: a line from the request's estimate to what was reported, with the slope shrunk
//   to 1. Output tokens: a line in ln(1 + input), with the slope shrunk to 0. An arm without
//   outcomes uses the pool's line.
// Threads: a value; const methods from any thread.
// Source: the accuracy and latency tracker of ORCH; irregularly spaced EMA as in Eckner 2012, eq. 4.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "domain/types.h"
#include "learners/change/drift_detector.h"
#include "learners/state/call_cost.h"
#include "learners/state/tracker_sums.h"

namespace pointsman::learners {

// What is known over all arms of a pool.
struct PoolLevels {
  LatencyPrior latency, first_token;
  DecayedLine input_tokens;  // reported on estimated
  DecayedMean query_tokens;  // estimates of requests
};

// A point of a log: its time and the weight of the pool's outcomes so far.
struct LogPoint {
  Micros time = 0;
  double clock = 0;
};

// The call that an expectation is asked for.
struct CallQuery {
  double input_tokens = 0;  // of the request; 0: not known
  bool input_is_counted = false;
  double max_output_tokens = 0;  // 0: no limit
  LatencyKind latency_kind = LatencyKind::kTotal;
  LogPoint now;
};

struct TrackerFigures {
  double quality = 0;
  double quality_weight = 0;  // effective number of outcomes behind it, now
  double latency_p95_ms = 0;
  double first_token_ms = 0;
  double input_tokens = 0;
  double output_tokens = 0;
  double error_rate = 0;
  Micros rate_limited_until = 0;  // 0: not rate limited
};

class ArmTracker {
 public:
  // `now`: the event's place in the log, its own weight included.
  void Learn(const LearnerSettings& settings, const Arm& arm, const OutcomeEvent& event,
             const LogPoint& now);
  // Brings all sums to the present. Called before settings that control ageing change.
  void Settle(const LearnerSettings& settings, const LogPoint& now);
  // The arm's settings changed.
  void Reprice(const LearnerSettings& settings, const Arm& before, const Arm& after,
               const LogPoint& now);
  // Forgets all but this weight of outcomes: what another arm may start from.
  void KeepWeight(double outcomes_max);

  // All of ArmExpectation except quality, quality_stddev and the pool's typical cost. If no cost of an answer
  // was ever reported for the arm, cost_usd is the cost of its failed calls.
  ArmExpectation Expect(const LearnerSettings& settings, const Arm& arm, const PoolLevels& pool,
                        const CallQuery& query) const;
  double ErrorRate(const LearnerSettings& settings, const LogPoint& now) const;
  // The variance of the error rate, by its Beta posterior.
  double ErrorVariance(const LearnerSettings& settings, const LogPoint& now) const;
  // The least share of the choices that is kept for the arm; 0 unless it is watched.
  double WatchedShare(double clock) const;
  Micros rate_limited_until() const { return rate_limited_until_; }

  TrackerFigures Figures(const LearnerSettings& settings, const Arm& arm, const PoolLevels& pool,
                         const LogPoint& now) const;
  uint64_t outcomes() const { return outcomes_; }
  const LogLatency& latency() const { return latency_; }
  const LogLatency& first_token() const { return first_token_; }

  void Encode(ByteWriter& out) const;
  // Fails `in` for figures that Encode cannot have written. Reads formats before 4 too, as
  // far as their figures go.
  static ArmTracker Decode(ByteReader& in);

 private:
  struct Facts;
  static constexpr std::size_t kErrorCutsMax = 8;
  static constexpr double kErrorPriorAnswers = 4;
  // Errors and answers were cut at a change of the error rate: earlier ones count by these factors.
  struct ErrorCut {
    double clock = 0, errors = 1, answers = 1;
  };
  static Facts FactsOf(const OutcomeEvent& event, const Outcome& outcome);

  double Kept(const LearnerSettings& settings, const LogPoint& from, const LogPoint& to) const;
  double KeptNow(const LearnerSettings& settings, const LogPoint& now) const;
  void Age(double kept);
  void Exchange(const Arm& arm, const Facts& before, const Facts& after, double weight,
                double anchor_clock);
  void ExchangeEnds(CallEnd before, CallEnd after, double weight, double anchor_clock);
  void AddCost(const Arm& arm, const Facts& facts, double weight);
  void NoteEnd(CallEnd end, double weight, double clock);
  void NoteRateLimit(const OutcomeEvent& event, const Outcome& before, const Outcome& after);
  double InputTokens(const PoolLevels& pool, const CallQuery& query, double kept) const;
  // Over the share `kept` of the calls, with a Beta prior of kErrorPriorAnswers answers.
  double ErrorRateOf(double kept) const {
    return errors_ * kept / ((errors_ + answers_) * kept + kErrorPriorAnswers);
  }
  TypicalTokens TypicalOf(const Arm& arm, const PoolLevels& pool, double kept) const;
  double OutputTokens(const Arm& arm, double input_tokens, double kept) const;
  static ArmTracker DecodeBefore4(ByteReader& in);
  template <class Self, class Visit>
  static void VisitNumbers(Self& self, const Visit& visit);

  LogPoint at_;
  uint64_t outcomes_ = 0;
  DecayedMean quality_;
  LogLatency latency_, first_token_;
  DecayedMean failed_latency_ms_, failed_cost_usd_;
  DecayedQuantile latencies_;
  CallCost cost_;
  DecayedLine input_;         // reported input tokens on those estimated from the request
  DecayedMean cached_share_;  // of input tokens, weighted by them
  DecayedLine output_;        // output tokens on ln(1 + estimated input tokens)
  double errors_ = 0;         // weight of calls that failed
  double answers_ = 0;        // weight of calls that did not
  DriftDetector error_drift_;
  std::vector<ErrorCut> error_cuts_;  // the last few, oldest first
  double watched_since_ = -1;         // clock; below 0: not watched
  double repriced_at_ = 0;            // clock: costs reported before it no longer count
  Micros rate_limited_until_ = 0;
  uint64_t rate_limited_by_ = 0;  // the decision that reported it
};

}  // namespace pointsman::learners
