// The nouns. One word per thing, as in docs/reference/glossary.md.
// Units are in the names; quality is in [0, 1], latency in ms, cost in USD.
// Threads: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/time.h"

namespace pointsman {

// A pool's id. Assigned once, never reused. 0 is no pool.
enum class PoolId : uint32_t {};
// An arm's id inside its pool: 0, 1, 2, ... in order of creation, never reused.
enum class ArmId : uint32_t {};
constexpr uint32_t Index(ArmId arm) { return static_cast<uint32_t>(arm); }
constexpr uint32_t Index(PoolId pool) { return static_cast<uint32_t>(pool); }

// Position in a pool's log; the first event is 1. 0: before any event.
using Sequence = uint64_t;

// Weights of the three objectives; each >= 0, not all 0. Normalised: they sum to 1.
struct Preference {
  double quality = 1;
  double cost = 0;
  double latency = 0;
  friend bool operator==(const Preference&, const Preference&) = default;
};
// Errors: kInvalidArgument for a negative, non-finite or all-zero preference.
absl::Status ValidatePreference(const Preference& preference);
Preference Normalised(const Preference& preference);

// Why a call gave no answer (proto/pointsman/v1/router.proto says what each kind teaches).
enum class ErrorKind : uint8_t {
  kProvider = 1,
  kTimeout = 2,
  kRateLimited = 3,
  kCaller = 4,
  kContentFilter = 5,
  kCancelled = 6,
};
inline constexpr ErrorKind kErrorKindLast = ErrorKind::kCancelled;

// Which latency a preference weighs and a limit bounds.
enum class LatencyKind : uint8_t { kTotal = 1, kFirstToken = 2 };

// What feedback reports; each field at most once. Token counts are those of the call that was made.
struct Outcome {
  std::optional<double> quality;
  std::optional<double> latency_ms;
  std::optional<double> cost_usd;
  std::optional<int64_t> input_tokens;
  std::optional<int64_t> output_tokens;
  std::optional<bool> error;
  std::optional<double> first_token_ms = {};
  std::optional<int64_t> cached_input_tokens = {};  // of input_tokens
  std::optional<ErrorKind> error_kind = {};         // with `error`; absent: kProvider
  std::optional<int64_t> retry_after_ms = {};       // with kRateLimited
  bool empty() const { return *this == Outcome{}; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// How the experts of a quality model that mixes choices voted on an arm when the decision was made.
struct ExpertVotes {
  // Per expert: its probability of this arm, divided by the probability with which it was drawn (1 for an
  // imported outcome, which is known whatever is drawn), times the utility of one point of this arm's
  // quality. All 0: no vote.
  std::array<float, 3> ratio{};
  float par = 0;  // the quality at which this arm has the expected utility of the decision
  friend bool operator==(const ExpertVotes&, const ExpertVotes&) = default;
};

// How a call ended, according to its outcome.
enum class CallEnd : uint8_t {
  kUnknown = 0,   // nothing was reported
  kAnswered = 1,  // it gave an answer
  kFailed = 2,    // the arm failed: kProvider, kTimeout
  kFiltered = 3,  // the arm refused the content; what it cost and took is known
  kNeutral = 4,   // says nothing about the arm: kRateLimited, kCaller, kCancelled
};
CallEnd EndOf(const Outcome& outcome);

// The inputs of a shared head, the same for every arm. They are computed when the decision is made, recorded
// with it, and never computed again: what the indexes return is an input, not state.
struct ArmFeatures {
  float neighbour_quality = 0;       // weighted mean quality of near past outcomes of this arm
  float neighbour_count = 0;         // their effective count; 0: no evidence
  float neighbour_baseline = 0;      // weighted mean quality of near outcomes of all arms
  float description_similarity = 0;  // cosine of query and description; 0 without a description
  // How much nearer the query is to this description than queries usually are, in standard deviations, minus the
  // mean over the candidates; 0 without a description (engine/pool/description_index.h).
  float description_lead = 0;
  ExpertVotes votes;  // filled by the choice itself
  friend bool operator==(const ArmFeatures&, const ArmFeatures&) = default;
};

// How an arm was chosen.
enum class Selection : uint8_t {
  kExplore = 1,   // drawn from the distribution, with its propensity
  kGreedy = 2,    // the best by utility; propensity 1; left out of off-policy estimates
  kFallback = 3,  // a further arm of a FALLBACK answer
  kPanel = 4,     // a further arm of a PANEL answer, with its conditional propensity
  kImported = 5,  // benchmark evidence
};

// Where the context vector of a decision came from.
enum class ContextSource : uint8_t { kEmbedded = 1, kCaller = 2, kNone = 3 };

// Expectations about one answered query, failed calls included (proto/pointsman/v1/router.proto, Expected).
struct ArmExpectation {
  double quality = 0;         // expected quality, error rate included
  double quality_stddev = 0;  // standard deviation of that mean
  double cost_usd = 0;        // the pool's typical cost if it is not known
  double latency_ms = 0;      // the pool's typical latency if it is not known
  double priced_usd = 0;      // the price list's cost of one call, not corrected by observed cost
  double cost_stddev_usd = 0;
  double latency_stddev_ms = 0;
  double error_rate = 0;
  double input_tokens = 0;   // of one call
  double output_tokens = 0;  // of one answer
  bool is_cost_known = true;
  bool is_latency_known = true;
  // Only failed calls are known, and most calls fail: the figure is their cost or time in
  // addition to the typical one.
  bool is_cost_of_failures = false;
  bool is_latency_of_failures = false;

  // The known value, even if only of failures; nullopt if nothing is known.
  std::optional<double> KnownCost() const {
    return is_cost_known || is_cost_of_failures ? std::optional<double>(cost_usd) : std::nullopt;
  }
  std::optional<double> KnownLatency() const {
    const bool is_any = is_latency_known || is_latency_of_failures;
    return is_any ? std::optional<double>(latency_ms) : std::nullopt;
  }
  friend bool operator==(const ArmExpectation&, const ArmExpectation&) = default;
};

// One arm as it stood when a decision was made.
struct Candidate {
  ArmId arm{};
  double probability = 0;  // of being the first arm, given the candidates
  double utility = 0;
  ArmExpectation expected;
  ArmFeatures features;
  double inclusion = 1;  // the probability with which it became a candidate
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// An arm of the answer, in order: the first is the one to call.
struct ChosenArm {
  ArmId arm{};
  // Given the candidates, and conditional on those before it (PANEL); 1 for FALLBACK's rest.
  double propensity = 0;
  Selection selection = Selection::kExplore;
  friend bool operator==(const ChosenArm&, const ChosenArm&) = default;
};

enum class Mode : uint8_t { kExplore = 1, kGreedy = 2, kPreview = 3 };

// The two groups of a pool that keeps a control group (learners/choice/control_group.h).
enum class Group : uint8_t {
  kNone = 0,     // the pool has no control group, or the baseline could not serve the request
  kTreated = 1,  // the pool chose
  kControl = 2,  // the baseline chose
};

// The record of one choice: together with the state at `snapshot_version`, all that
// is needed to recompute it.
struct Decision {
  std::string id;
  PoolId pool{};
  Micros time = 0;
  Sequence snapshot_version = 0;
  uint64_t request_hash = 0;  // of the request; a repeated id with another hash is an error
  Mode mode = Mode::kExplore;
  Preference preference;  // normalised
  ContextSource context_source = ContextSource::kEmbedded;
  std::vector<float> context;  // z, size d + number of named features; empty for kNone
  double input_tokens = 0;     // counted by the caller, or estimated from the request
  bool input_is_counted = false;
  double max_output_tokens = 0;  // 0: no limit
  LatencyKind latency_kind = LatencyKind::kTotal;
  std::vector<Candidate> candidates;
  std::vector<ChosenArm> chosen;
  std::string query_text;  // empty unless the pool stores it
  Group group = Group::kNone;
  // Of a decision with a group: the share of the control group then, and its baseline; absent: any candidate.
  double holdout_share = 0;
  std::optional<ArmId> holdout_arm = {};
  friend bool operator==(const Decision&, const Decision&) = default;
};

// The probability with which the arm became a candidate of the decision; 1 if it is none.
double InclusionOf(const Decision& decision, ArmId arm);

// Whether further arm `i` (>= 1) of an answer gets an outcome of its own. A panel's arms are each called
// and rated (those of a greedy panel are marked greedy). Of a fallback's arms one serves, and its outcome
// is that of the decision.
bool IsRatedAlone(const Decision& decision, std::size_t i);
// The arms whose outcomes a decision waits for, the first one included.
std::vector<ArmId> RatedArms(const Decision& decision);

}  // namespace pointsman
