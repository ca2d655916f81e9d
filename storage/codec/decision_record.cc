// The flat form of a decision. One is written on the path of every answer, so it is copied in a few blocks
// and not parsed field by field. Numbers are little-endian, in the order written here. The first byte is the
// version of the layout.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/codec/records.h"
#include "storage/codec/sealed.h"
#include "storage/codec/soundness.h"

namespace pointsman::storage {
namespace {

constexpr uint8_t kFirstLayout = 1;
constexpr uint8_t kLayout = 2;
constexpr uint8_t kLayoutWithInclusion =
    3;  // written only if some candidate's inclusion is below 1
constexpr uint8_t kLayoutWithGroup =
    4;  // written only if the decision has a group; has inclusions too
constexpr uint32_t kNoArm = UINT32_MAX;

// No padding: its bytes go to disk as they are.
struct StoredCandidate {
  double probability;
  double utility;
  double quality;
  double quality_stddev;
  double cost_usd;
  double latency_ms;
  double priced_usd;
  float neighbour_quality;
  float neighbour_count;
  float neighbour_baseline;
  float description_similarity;
  float expert_ratios[3];
  float expert_par;
  uint32_t arm;
  float description_lead;  // before 0.3: 0
};
static_assert(sizeof(StoredCandidate) == 7 * 8 + 8 * 4 + 2 * 4);

// What layout 2 adds to each candidate, in the same order.
struct StoredExpectation {
  double cost_stddev_usd;
  double latency_stddev_ms;
  double error_rate;
  double input_tokens;
  double output_tokens;
  uint32_t is_cost_known;
  uint32_t is_latency_known;
};
static_assert(sizeof(StoredExpectation) == 5 * 8 + 2 * 4);

// What layout 2 adds to the head.
struct StoredRequest {
  double max_output_tokens;
  uint32_t input_is_counted;
  uint32_t latency_kind;
};
static_assert(sizeof(StoredRequest) == 16);

struct StoredChoice {
  double propensity;
  uint32_t arm;
  uint32_t selection;
};
static_assert(sizeof(StoredChoice) == 16);

struct StoredHead {
  int64_t time;
  uint64_t snapshot_version;
  uint64_t request_hash;
  double preference_quality;
  double preference_cost;
  double preference_latency;
  double input_tokens;
  uint32_t pool;
  uint8_t mode;
  uint8_t context_source;
  uint8_t group;     // before 0.3: 0
  uint8_t reserved;  // 0
};
static_assert(sizeof(StoredHead) == 64);

StoredHead HeadOf(const Decision& d) {
  return {.time = d.time,
          .snapshot_version = d.snapshot_version,
          .request_hash = d.request_hash,
          .preference_quality = d.preference.quality,
          .preference_cost = d.preference.cost,
          .preference_latency = d.preference.latency,
          .input_tokens = d.input_tokens,
          .pool = Index(d.pool),
          .mode = static_cast<uint8_t>(d.mode),
          .context_source = static_cast<uint8_t>(d.context_source),
          .group = static_cast<uint8_t>(d.group),
          .reserved = 0};
}

StoredCandidate StoredOf(const Candidate& c) {
  return {.probability = c.probability,
          .utility = c.utility,
          .quality = c.expected.quality,
          .quality_stddev = c.expected.quality_stddev,
          .cost_usd = c.expected.cost_usd,
          .latency_ms = c.expected.latency_ms,
          .priced_usd = c.expected.priced_usd,
          .neighbour_quality = c.features.neighbour_quality,
          .neighbour_count = c.features.neighbour_count,
          .neighbour_baseline = c.features.neighbour_baseline,
          .description_similarity = c.features.description_similarity,
          .expert_ratios = {c.features.votes.ratio[0], c.features.votes.ratio[1],
                            c.features.votes.ratio[2]},
          .expert_par = c.features.votes.par,
          .arm = Index(c.arm),
          .description_lead = c.features.description_lead};
}

constexpr uint32_t kKnown = 1, kOfFailures = 2;

uint32_t BitsOf(bool is_known, bool is_of_failures) {
  return (is_known ? kKnown : 0) | (is_of_failures ? kOfFailures : 0);
}

StoredExpectation ExpectationOf(const Candidate& c) {
  const ArmExpectation& e = c.expected;
  return {.cost_stddev_usd = e.cost_stddev_usd,
          .latency_stddev_ms = e.latency_stddev_ms,
          .error_rate = e.error_rate,
          .input_tokens = e.input_tokens,
          .output_tokens = e.output_tokens,
          .is_cost_known = BitsOf(e.is_cost_known, e.is_cost_of_failures),
          .is_latency_known = BitsOf(e.is_latency_known, e.is_latency_of_failures)};
}

Candidate CandidateOf(const StoredCandidate& s) {
  Candidate c;
  c.arm = ArmId{s.arm};
  c.probability = s.probability;
  c.utility = s.utility;
  c.expected.quality = s.quality;
  c.expected.quality_stddev = s.quality_stddev;
  c.expected.cost_usd = s.cost_usd;
  c.expected.latency_ms = s.latency_ms;
  c.expected.priced_usd = s.priced_usd;
  c.features = {s.neighbour_quality,
                s.neighbour_count,
                s.neighbour_baseline,
                s.description_similarity,
                s.description_lead,
                {{s.expert_ratios[0], s.expert_ratios[1], s.expert_ratios[2]}, s.expert_par}};
  return c;
}

void Add(const StoredExpectation& s, ArmExpectation& expected) {
  expected.cost_stddev_usd = s.cost_stddev_usd;
  expected.latency_stddev_ms = s.latency_stddev_ms;
  expected.error_rate = s.error_rate;
  expected.input_tokens = s.input_tokens;
  expected.output_tokens = s.output_tokens;
  expected.is_cost_known = (s.is_cost_known & kKnown) != 0;
  expected.is_latency_known = (s.is_latency_known & kKnown) != 0;
  expected.is_cost_of_failures = (s.is_cost_known & kOfFailures) != 0;
  expected.is_latency_of_failures = (s.is_latency_known & kOfFailures) != 0;
}

// Empty: each is 1, and there is no group.
std::vector<double> InclusionsOf(const Decision& decision) {
  std::vector<double> inclusions;
  for (const Candidate& c : decision.candidates) inclusions.push_back(c.inclusion);
  const bool are_all_one =
      std::all_of(inclusions.begin(), inclusions.end(), [](double q) { return q == 1; });
  return are_all_one && decision.group == Group::kNone ? std::vector<double>() : inclusions;
}

}  // namespace

std::string EncodeDecisionPayload(const Decision& decision) {
  std::vector<StoredCandidate> candidates;
  candidates.reserve(decision.candidates.size());
  for (const Candidate& c : decision.candidates) candidates.push_back(StoredOf(c));
  std::vector<StoredExpectation> expectations;
  expectations.reserve(decision.candidates.size());
  for (const Candidate& c : decision.candidates) expectations.push_back(ExpectationOf(c));
  std::vector<StoredChoice> chosen;
  chosen.reserve(decision.chosen.size());
  for (const ChosenArm& c : decision.chosen) {
    chosen.push_back({c.propensity, Index(c.arm), static_cast<uint32_t>(c.selection)});
  }
  const std::vector<double> inclusions = InclusionsOf(decision);
  ByteWriter out;
  const bool has_group = decision.group != Group::kNone;
  out.Put(has_group ? kLayoutWithGroup : inclusions.empty() ? kLayout : kLayoutWithInclusion);
  out.Put(HeadOf(decision));
  out.PutString(decision.id);
  out.PutArray(std::span<const float>(decision.context));
  out.PutArray(std::span<const StoredCandidate>(candidates));
  out.PutArray(std::span<const StoredChoice>(chosen));
  out.PutString(decision.query_text);
  out.Put(StoredRequest{decision.max_output_tokens, decision.input_is_counted,
                        static_cast<uint32_t>(decision.latency_kind)});
  out.PutArray(std::span<const StoredExpectation>(expectations));
  if (has_group || !inclusions.empty()) out.PutArray(std::span<const double>(inclusions));
  if (has_group) {
    out.Put(decision.holdout_share);
    out.Put(decision.holdout_arm ? Index(*decision.holdout_arm) : kNoArm);
  }
  return out.Take();
}

absl::StatusOr<Decision> DecodeDecision(std::string_view value) {
  ASSIGN_OR_RETURN(const std::string_view payload, Unseal(RecordKind::kDecision, value));
  ByteReader in(payload);
  const auto layout = in.Get<uint8_t>();
  if (layout < kFirstLayout || layout > kLayoutWithGroup) {
    return DataLoss("a stored decision has the unknown layout ", static_cast<int>(layout));
  }
  Decision decision;
  const auto head = in.Get<StoredHead>();
  decision.time = head.time;
  decision.snapshot_version = head.snapshot_version;
  decision.request_hash = head.request_hash;
  decision.preference = {head.preference_quality, head.preference_cost, head.preference_latency};
  decision.input_tokens = head.input_tokens;
  decision.pool = PoolId{head.pool};
  decision.mode = Mode{head.mode};
  decision.context_source = ContextSource{head.context_source};
  decision.group = Group{head.group};
  decision.id = in.GetString();
  decision.context = in.GetArray<float>();
  for (const StoredCandidate& c : in.GetArray<StoredCandidate>()) {
    decision.candidates.push_back(CandidateOf(c));
  }
  for (const StoredChoice& c : in.GetArray<StoredChoice>()) {
    if (c.selection > UINT8_MAX) in.Fail();
    decision.chosen.push_back(
        {ArmId{c.arm}, c.propensity, Selection{static_cast<uint8_t>(c.selection)}});
  }
  decision.query_text = in.GetString();
  if (layout >= 2) {
    const auto request = in.Get<StoredRequest>();
    decision.max_output_tokens = request.max_output_tokens;
    decision.input_is_counted = request.input_is_counted != 0;
    decision.latency_kind =
        LatencyKind{request.latency_kind <= UINT8_MAX ? static_cast<uint8_t>(request.latency_kind)
                                                      : uint8_t{0}};
    const std::vector<StoredExpectation> expectations = in.GetArray<StoredExpectation>();
    if (expectations.size() != decision.candidates.size()) in.Fail();
    for (std::size_t i = 0; i < expectations.size() && in.ok(); ++i) {
      Add(expectations[i], decision.candidates[i].expected);
    }
  }
  if (layout >= kLayoutWithInclusion) {
    const std::vector<double> inclusions = in.GetArray<double>();
    if (inclusions.size() != decision.candidates.size()) in.Fail();
    for (std::size_t i = 0; i < inclusions.size() && in.ok(); ++i) {
      decision.candidates[i].inclusion = inclusions[i];
    }
  }
  if (layout >= kLayoutWithGroup) {
    decision.holdout_share = in.Get<double>();
    const auto baseline = in.Get<uint32_t>();
    if (baseline != kNoArm) decision.holdout_arm = ArmId{baseline};
  }
  if ((layout >= kLayoutWithGroup) != (decision.group != Group::kNone)) in.Fail();
  if (!in.AtEnd()) return DataLoss("a stored decision has a malformed layout");
  if (const absl::Status sound = CheckSound(decision); !sound.ok()) {
    return DataLoss("a stored decision is unsound: ", sound.message());
  }
  return decision;
}

}  // namespace pointsman::storage
