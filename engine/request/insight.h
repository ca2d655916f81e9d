// What is asked about past and possible decisions, and what the engine answers. Field meanings are those of
// proto/pointsman/v1/insight.proto.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/event.h"
#include "engine/request/history.h"
#include "engine/request/requests.h"
#include "learners/offpolicy/policy_estimate.h"

namespace pointsman::engine {

enum class FeedbackFilter : uint8_t { kAny = 0, kTold = 1, kSilent = 2, kFailed = 3 };

struct DecisionQuery {
  std::string arm;  // empty: any
  Micros from = 0;
  Micros before = 0;  // 0: any
  FeedbackFilter feedback = FeedbackFilter::kAny;
  std::optional<double> quality_min;
  std::optional<double> quality_max;
  std::string text;                       // empty: any
  uint32_t page_size = 0;                 // 0: 50
  std::optional<DecisionPosition> after;  // the last one that a page before this one looked at
};

struct FoundDecision {
  Decision decision;
  std::string arm;
  bool is_best = false;
  std::optional<std::pair<std::string, Outcome>> outcome;  // with the arm that served
};

struct DecisionPage {
  std::vector<FoundDecision> decisions;  // the newest first
  std::optional<DecisionPosition> next;  // unset: that was all
  uint32_t searched = 0;
};

struct PreferenceResult {
  Preference preference;                                  // normalised
  std::vector<std::pair<std::string, double>> arms = {};  // with their shares, the largest first
  Sums quality = {};
  Sums cost_usd = {};
  Sums latency_ms = {};
};

struct TriedPreferences {
  uint32_t decisions = 0;
  Micros first = 0;
  Preference preference;  // the pool's default
  std::vector<PreferenceResult> results;
};

struct UtilityParts {
  std::string arm;
  double quality = 0;
  double cost = 0;
  double latency = 0;
};

struct SimilarQuery {
  Neighbour neighbour;
  std::string arm = {};
  std::string decision_id = {};
  std::string query_text = {};
  Micros time = 0;
};

struct TriedQuery {
  RouteOutput decision;
  Preference preference;
  double cost_scale_usd = 0;
  double latency_scale_ms = 0;
  std::vector<UtilityParts> parts;  // in order of the ranking
  std::vector<SimilarQuery> neighbours;
};

struct QueryGroup {
  double share = 0;
  std::vector<std::string> words;
  std::vector<std::string> examples;
  std::vector<std::pair<std::string, Sums>> arms;  // with the quality, the best first
};

struct QueryGroups {
  std::vector<QueryGroup> groups;  // the largest first
  uint32_t outcomes = 0;
  bool has_words = false;
};

struct Policy {
  enum class Kind : uint8_t {
    kServed = 1,      // as the pool did
    kArm = 2,         // always this arm
    kPreference = 3,  // the best by utility under this preference, as estimated then
    kUniform = 4,     // any candidate, with equal chances
  };
  Kind kind = Kind::kServed;
  std::string arm;
  Preference preference;
};

struct PolicyQuestion {
  std::vector<Policy> policies = {};
  uint32_t decisions = 0;   // the newest; 0: kComparedDecisions
  Micros from = 0;          // made at or after
  double cost_cap_usd = 0;  // 0: twice the dearest expectation
};

struct PolicyResult {
  Policy policy;
  learners::PolicyFigures quality;
  learners::PolicyFigures cost;  // in shares of the cap
  uint64_t left_out = 0;         // decisions in which the arm was no candidate
};

struct GroupFigures {
  uint64_t decisions = 0;
  Sums quality = {};
  Sums cost_usd = {};
  Sums latency_ms = {};
  learners::Bounds quality_bounds = {};
  learners::Bounds cost_bounds_usd = {};
};

struct GroupComparison {
  GroupFigures treated;
  GroupFigures control;
  learners::Bounds quality_gain;  // of treated over control
  learners::Bounds saved_usd;     // an answer
  Micros first = 0;  // of the decisions that are compared: all have this share and this baseline
  double holdout_share = 0;
  std::string holdout_arm;  // empty: any candidate
};

struct PolicyComparison {
  uint32_t decisions = 0;
  uint32_t left_out = 0;  // of those, by all policies
  Micros first = 0;
  double cost_cap_usd = 0;
  uint32_t clipped = 0;               // costs over the cap
  std::vector<PolicyResult> results;  // the first is what was served
  std::optional<GroupComparison> groups;
};

struct Recomputed {
  enum class Result : uint8_t { kNotPossible = 1, kSame = 2, kDifferent = 3 };
  Result result = Result::kNotPossible;
  std::string why;        // it is not possible, or what differs
  Sequence version = 0;   // of the learned state
  Sequence replayed = 0;  // events that were learned again
  std::string arm;        // recomputed
  double propensity = 0;
};

struct PoolLogFigures {
  std::string pool;
  Sequence sequence = 0;
  Sequence snapshot = 0;
  Sequence first = 0;
  uint64_t experience = 0;
};

}  // namespace pointsman::engine
