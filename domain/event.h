// What the log holds. Everything learned is a fold over events, in log order; an outcome carries
// all that learning needs, so that it never reads the decision's record.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman {

// Where the first outcome of a decision and arm entered the learned state. All that is said of it later
// is learned as if it had come then, faded by what has passed since.
struct Anchor {
  Micros time = 0;   // of the event
  double clock = 0;  // LearnedState::clock() just after it: weight of the pool's outcomes so far
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

// Each present field of `outcome` is learned here: what is known of the call is then `before` with the
// fields of `outcome` over it (MergedOutcome).
struct OutcomeEvent {
  std::string decision_id;
  std::string feedback_id;
  ArmId arm{};
  Selection selection = Selection::kExplore;
  bool is_off_policy = false;   // another arm served than the one drawn
  bool is_learned = true;       // false: LATE or OVER_WEIGHT, logged for the record only
  bool is_first = true;         // the first outcome of this decision and arm
  bool is_missing = false;      // nobody told it: the pool's `missing_quality` at the window's end
  bool is_over_weight = false;  // not learned, since its client's weight was used up
  double propensity = 1;
  double weight = 1;  // imports: strength / N; below 1 too when a client's weight runs out
  Preference preference;
  std::vector<float> context;  // z; empty: teaches levels and trackers only
  ArmFeatures features;
  double input_tokens_estimate = 0;
  double cost_estimate_usd = 0;  // the decision's priced_usd of this arm; 0: unknown
  Outcome outcome;
  // A correction: the values learned before, for the fields that `outcome` changes.
  Outcome corrects;
  Micros reported_at = 0;  // the caller's `at`; metadata, never used for ageing
  // With the first outcome of a decision and arm, if the pool stores it: what another embedder needs
  // to learn the same again.
  std::string query_text;
  Outcome before = {};                // all that was learned of this call before; empty: nothing
  std::optional<Anchor> anchor = {};  // absent: in logs of before format 3
  bool is_withdrawal = false;    // `before` is taken back, and `outcome` is empty
  bool is_closed = false;        // the call was not made, or no arm of the pool made it
  uint32_t attempt = 0;          // an earlier call of the same arm for the decision, from 1; 0: the last
  bool input_is_counted = false;  // input_tokens_estimate is the caller's own count
  Sequence decision_version = 0;  // the learned state that decided; 0: not known
  double input_tokens_expected = 0;   // of the call, as the decision expected them
  double output_tokens_expected = 0;  // of its answer
  uint64_t payload_hash = 0;      // with feedback_id: what makes the feedback record
  std::string client = {};             // who sent it
  // What only the feedback record needs. In logs of before 0.2 these are not set, and decision_time is 0.
  Micros decision_time = 0;
  uint32_t said = 0;           // the fields that the feedback said, known or not: bit 1 << number in record.proto
  double counted = 0;          // of the client's weight, what this took
  bool brings_nothing = false;  // nothing that was not known; not learned
  // The decision's first arm: from now on feedback that names no arm is about `arm` and not about that one.
  std::optional<ArmId> instead_of = {};
  friend bool operator==(const OutcomeEvent&, const OutcomeEvent&) = default;
};

// What is known of the call after the event.
Outcome MergedOutcome(const OutcomeEvent& event);

// The arm starts fresh: what it learned is forgotten.
struct ArmReset {
  std::optional<ArmId> inherit_from;  // what this arm has learned is the prior
  double inherit_strength = 0;        // counting as so many outcomes
  friend bool operator==(const ArmReset&, const ArmReset&) = default;
};

// An arm was added or changed (its `status` included); the whole record.
struct ArmEvent {
  Arm arm;
  std::optional<ArmReset> reset = {};
  std::string by = {};  // who asked for it; empty: not known
  friend bool operator==(const ArmEvent&, const ArmEvent&) = default;
};

// The pool was made or its settings changed; the whole record.
struct PoolEvent {
  Pool pool;
  std::string by = {};  // who asked for it; empty: not known
  friend bool operator==(const PoolEvent&, const PoolEvent&) = default;
};

// A decision among those of its pool, in order of time.
struct DecisionPosition {
  Micros time = 0;
  std::string decision_id;
  friend auto operator<=>(const DecisionPosition&, const DecisionPosition&) = default;
};

// The pool's decisions up to `judged` were looked at for feedback that did not come.
struct SilenceEvent {
  DecisionPosition judged;
  uint64_t missing = 0;  // outcomes that nobody reported, ever
  friend bool operator==(const SilenceEvent&, const SilenceEvent&) = default;
};

using EventBody = std::variant<OutcomeEvent, ArmEvent, PoolEvent, SilenceEvent>;

struct Event {
  Sequence sequence = 0;
  Micros time = 0;  // max(previous event's time, the clock): never decreases along a log
  PoolId pool{};
  EventBody body;
  friend bool operator==(const Event&, const Event&) = default;
};

// "outcome", "arm", "pool", "silence".
const char* EventKindName(const Event& event);

// A past outcome as the experience index holds it.
struct Experience {
  Sequence sequence = 0;  // of the event that brought the quality
  ArmId arm{};
  float quality = 0;
  float weight = 1;
  std::vector<float> context;  // z
  friend bool operator==(const Experience&, const Experience&) = default;
};

// A past outcome near a query.
struct Neighbour {
  Sequence sequence = 0;
  ArmId arm{};
  float quality = 0;
  float weight = 1;
  float similarity = 0;
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

}  // namespace pointsman
