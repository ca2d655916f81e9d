// What the log holds. Everything learned is a fold over events, in log order. An outcome carries all that
// learning needs, so learning never reads the decision's record.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "domain/arm.h"
#include "domain/types.h"

namespace pointsman {

// Where the first outcome of a decision and arm entered the learned state. Later reports about it are learned
// as if they had arrived then, faded by what has passed since.
struct Anchor {
  Micros time = 0;   // of the event
  double clock = 0;  // LearnedState::clock() just after it: weight of the pool's outcomes so far
  friend bool operator==(const Anchor&, const Anchor&) = default;
};

// Each field present in `outcome` is learned here. After the event, the known values of the call are
// `before`, overwritten by the fields of `outcome` (MergedOutcome).
struct OutcomeEvent {
  std::string decision_id;
  std::string feedback_id;
  ArmId arm{};
  Selection selection = Selection::kExplore;
  bool is_off_policy = false;   // another arm served than the one drawn
  bool is_learned = true;       // false: LATE or OVER_WEIGHT, logged for the record only
  bool is_first = true;         // the first outcome of this decision and arm
  bool is_missing = false;      // not reported: the pool's `missing_quality` at the window's end
  bool is_over_weight = false;  // not learned, because its client's weight was used up
  double propensity = 1;        // given the candidates
  double inclusion = 1;         // the probability with which the arm became a candidate
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
  // Set with the first outcome of a decision and arm, if the pool stores query text. Another embedder needs
  // it to learn the same again.
  std::string query_text;
  Outcome before = {};                // what was learned of this call before; empty: nothing
  std::optional<Anchor> anchor = {};  // absent: in logs before format 3
  bool is_withdrawal = false;         // takes `before` back; `outcome`: what stays
  bool is_closed = false;             // the call was not made, or no arm of the pool made it
  uint32_t attempt = 0;  // an earlier call of the same arm for the decision, from 1; 0: the last
  bool input_is_counted = false;      // input_tokens_estimate is the caller's own count
  Sequence decision_version = 0;      // the learned state that decided; 0: not known
  double input_tokens_expected = 0;   // of the call, as the decision expected them
  double output_tokens_expected = 0;  // of its answer
  uint64_t payload_hash = 0;          // with feedback_id: identifies the feedback in its record
  std::string client = {};            // who sent it
  // Only the feedback record needs what follows. In logs before 0.2 it is not set, and decision_time is 0.
  Micros decision_time = 0;
  uint32_t said = 0;  // fields that the feedback had, known or not: bit 1 << number in record.proto
  double counted = 0;           // how much of the client's weight it used
  bool brings_nothing = false;  // it only repeats what was known; not learned
  // The decision's first arm. From now on, feedback that names no arm applies to `arm` instead of that one.
  std::optional<ArmId> instead_of = {};
  friend bool operator==(const OutcomeEvent&, const OutcomeEvent&) = default;
};

// What is known of the call after the event.
Outcome MergedOutcome(const OutcomeEvent& event);

// The arm starts fresh: what it had learned is forgotten.
struct ArmReset {
  std::optional<ArmId> inherit_from;  // its learned figures become the prior
  double inherit_strength = 0;        // outcomes that this prior counts as
  friend bool operator==(const ArmReset&, const ArmReset&) = default;
};

// An arm was added or changed (including its `status`). Holds the whole record.
struct ArmEvent {
  Arm arm;
  std::optional<ArmReset> reset = {};
  std::string by = {};  // who requested it; empty: not known
  friend bool operator==(const ArmEvent&, const ArmEvent&) = default;
};

// The pool was made or its settings changed. Holds the whole record.
struct PoolEvent {
  Pool pool;
  std::string by = {};  // who requested it; empty: not known
  friend bool operator==(const PoolEvent&, const PoolEvent&) = default;
};

// A decision among those of its pool, in order of time.
struct DecisionPosition {
  Micros time = 0;
  std::string decision_id;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy means the 0 that the comparison is compared with.
  friend auto operator<=>(const DecisionPosition&, const DecisionPosition&) = default;
};

// The pool's decisions up to `judged` were checked for missing feedback.
struct SilenceEvent {
  DecisionPosition judged;
  uint64_t missing = 0;  // outcomes never reported, in total
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
  Sequence sequence = 0;  // of the event with the quality
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
