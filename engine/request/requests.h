// Requests to the engine and its answers, as plain values. They are the same over gRPC and in process. Field
// meanings are those of proto/pointsman/v1.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/errors.h"
#include "domain/types.h"
#include "learners/choice/choose.h"

namespace pointsman::engine {

struct Constraints {
  std::optional<double> max_cost_usd;
  std::optional<double> max_latency_ms;
  std::vector<std::string> require_tags;
  std::vector<std::string> allow_arms;
  std::vector<std::string> deny_arms;
  int64_t context_tokens = 0;
  bool allow_unknown = false;
  friend bool operator==(const Constraints&, const Constraints&) = default;
};

struct RouteInput {
  std::string pool = "default";
  std::string query;
  std::vector<float> embedding;
  // The vector of `query` from a remote embedder; empty: the embedder failed. (query_embedding.h)
  std::optional<std::vector<float>> embedded;
  std::vector<std::pair<std::string, double>> features;
  std::optional<Preference> preference;
  Constraints constraints;
  uint32_t arm_count = 1;
  learners::Purpose purpose = learners::Purpose::kFallback;
  std::string decision_id;
  Mode mode = Mode::kExplore;
  bool explain = false;
  int64_t input_tokens = 0;                 // counted by the caller; 0: estimated
  int64_t max_output_tokens = 0;            // 0: no limit
  std::optional<LatencyKind> latency_kind;  // absent: the pool's
};

struct RankedArm {
  std::string arm;
  double probability = 0;
  double inclusion = 1;
  double utility = 0;
  ArmExpectation expected;
  std::string reason;
};

struct RejectedArm {
  std::string arm;
  std::string reason;
};

struct FurtherArm {
  std::string arm;
  double propensity = 0;
  double inclusion = 1;
};

struct RouteOutput {
  std::string decision_id;
  std::string arm;
  double propensity = 0;
  double inclusion = 1;
  std::vector<RankedArm> ranking;
  std::vector<FurtherArm> further;
  Sequence snapshot_version = 0;
  bool logged = false;
  bool embedder_fallback = false;
  std::vector<std::string> notes;
  std::vector<RejectedArm> not_candidates;
  Group group = Group::kNone;
};

// One call that was made for a decision, with its `outcome`.
struct AttemptInput {
  std::string arm;
  Outcome outcome;
};

struct FeedbackInput {
  std::string pool = "default";
  std::string decision_id;
  std::string feedback_id;
  std::string served_arm;
  Outcome outcome;
  Micros at = 0;
  bool is_withdrawal = false;
  bool is_not_served = false;
  std::vector<AttemptInput> attempts;
  // The sender: a token's name or, without tokens, the peer's address without its port. All feedback without
  // a sender belongs to one client named "".
  std::string client;
};

enum class FeedbackResult : uint8_t {
  kApplied = 1,
  kMerged = 2,
  kCorrected = 3,
  kAlreadyApplied = 4,
  kLate = 5,
  kOverWeight = 6,
  kClosed = 7,
};

struct FeedbackOutput {
  FeedbackResult result = FeedbackResult::kApplied;
  Sequence sequence = 0;
  std::vector<std::string> notes = {};
};

// A change of one arm: `edit` returns the new settings, given the present ones (or, if the arm does not
// exist, those of a new arm with only a name).
struct ArmEdit {
  std::string name;
  std::function<absl::StatusOr<Arm>(const Arm& present)> edit;
  bool create_only = false;
  bool change_only = false;
  bool is_reset = false;
  std::string inherit_from;
  double inherit_strength = 0;  // 0: the default
};

// PutPool keeps each setting that a request does not name: the default in a new pool, the present value in an
// existing one. So it takes a function from present settings to wanted ones.
using EditSettings = std::function<absl::StatusOr<PoolSettings>(const PoolSettings& present)>;

// A change of one pool, with arms.
struct PoolEdit {
  std::string name;
  EditSettings edit;
  std::vector<ArmEdit> arms;
  bool create_only = false;
  bool is_pruning = false;  // pause the active arms that are not in `arms`
  bool is_dry_run = false;  // report what would change, and write nothing
};

struct PutArmOutput {
  Arm arm;
  bool is_new = false;
  std::vector<std::string> changes;
  std::vector<std::string> notes;
};

struct UndoOutput {
  uint64_t outcomes = 0;
  uint64_t queries = 0;
  Sequence sequence = 0;
};

// What an import announces before its first query.
struct ImportPlan {
  std::string pool = "default";
  std::string
      import_id;  // id of the import: queries that came with this id before are not learned again
  uint64_t queries = 0;  // the most queries that will come
  double strength = 0;   // observations that all imported outcomes of an arm together count as
  // By arm name: the most outcomes of it that will come. Arms that are not named: one per query.
  std::map<std::string, uint64_t> arm_outcomes;
};

struct ImportedOutcome {
  std::string arm;
  Outcome outcome;
};

// A query with the outcomes of the arms that are known for it.
struct ImportedQuery {
  uint64_t index = 0;  // its place in the import, from 0; the same index is the same query
  std::string query;
  std::vector<float> embedding;
  std::optional<std::vector<float>> embedded;  // as in RouteInput
  std::vector<std::pair<std::string, double>> features;
  std::vector<ImportedOutcome> outcomes;
};

struct ImportedArm {
  uint64_t learned = 0;  // outcomes
  uint64_t known = 0;    // outcomes that were learned before with this import_id
  double weight = 0;     // of each outcome: strength / outcomes announced
};

struct ImportOutput {
  uint64_t queries_learned = 0;  // with at least one new outcome
  uint64_t queries_known = 0;
  uint64_t outcomes_learned = 0;
  uint64_t outcomes_known = 0;
  std::map<std::string, ImportedArm> arms;  // by name: arms that had outcomes
  Sequence sequence = 0;                    // of the last event; 0: nothing new
};

// Decision ids with this prefix belong to imported queries.
inline constexpr std::string_view kImportIdPrefix = "import:";

// The figures of a remote embedder (embedder_trial.h).
struct EmbedderFigures {
  std::string endpoint;
  std::string model;
  uint32_t dimension = 0;
  double latency_ms = 0;     // of one text, the median
  double batch_ms_each = 0;  // per text, when all are sent together
  double tokens_each = 0;    // on average; 0: the embedder does not report it
  double usd_per_1m_tokens = 0;
};

// How much of the exact result the indexes find (recall.h).
struct RecallFigures {
  uint32_t queries = 0;
  uint32_t neighbours = 0;
  double neighbour_recall = 1;
  uint32_t shortlist = 0;
  double shortlist_recall = 1;
};

}  // namespace pointsman::engine
