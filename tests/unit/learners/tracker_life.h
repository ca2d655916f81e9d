// One arm's tracker together with a pool's clock, and short names for outcomes.
// Threads: values.
#pragma once

#include <utility>

#include "learners/state/tracker.h"

namespace pointsman::learners {

constexpr Micros kStart = 1'000'000'000'000;

// A tracker with a pool's clock beside it.
struct Life {
  LearnerSettings settings;
  Arm arm;
  PoolLevels pool;
  ArmTracker tracker;
  LogPoint now{kStart, 0};

  void Pass(double seconds, double outcomes) {
    now.time += static_cast<Micros>(seconds * kMicrosPerSecond);
    now.clock += outcomes;
  }
  // A first outcome; its anchor names it.
  Anchor Tell(Outcome outcome, double estimate = 100) {
    now.clock += 1;
    OutcomeEvent event = Event(std::move(outcome), estimate);
    event.anchor = Anchor{now.time, now.clock};
    tracker.Learn(settings, arm, event, now);
    return *event.anchor;
  }
  void Change(const Anchor& anchor, Outcome before, Outcome said, double estimate = 100) {
    OutcomeEvent event = Event(std::move(said), estimate);
    event.is_first = false;
    event.anchor = anchor;
    event.before = std::move(before);
    event.is_withdrawal = event.outcome.empty();
    tracker.Learn(settings, arm, event, now);
  }
  ArmExpectation Expect(CallQuery query = {}) const {
    query.now = now;
    return tracker.Expect(settings, arm, pool, query);
  }
  TrackerFigures Figures() const { return tracker.Figures(settings, arm, pool, now); }

  static OutcomeEvent Event(Outcome outcome, double estimate) {
    OutcomeEvent event;
    event.decision_id = "d";
    event.outcome = std::move(outcome);
    event.input_tokens_estimate = estimate;
    event.input_tokens_expected = estimate;
    event.output_tokens_expected = 200;
    return event;
  }
};

inline Outcome Quality(double quality) {
  Outcome outcome;
  outcome.quality = quality;
  return outcome;
}
inline Outcome Latency(double ms) {
  Outcome outcome;
  outcome.latency_ms = ms;
  return outcome;
}
inline Outcome Failed(double ms, ErrorKind kind = ErrorKind::kProvider) {
  Outcome outcome = Latency(ms);
  outcome.error = true;
  outcome.error_kind = kind;
  return outcome;
}
inline Outcome Cost(double usd) {
  Outcome outcome;
  outcome.cost_usd = usd;
  return outcome;
}

}  // namespace pointsman::learners
