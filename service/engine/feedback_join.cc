#include "service/engine/feedback_join.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman {
namespace {

constexpr double kUsdMax = 1e9;  // what a log accepts
// A decision's record is read and written whole with each of its feedbacks.
constexpr std::size_t kFeedbacksMax = 256;
// The least of a client's that teaches anything: less is what rounding leaves of it.
constexpr double kWeightLeast = 1e-6;

uint64_t PayloadHash(const FeedbackInput& input) {
  ByteWriter bytes;
  const auto put = [&](const auto& field) {
    bytes.Put(field.has_value());
    if (field) bytes.Put(*field);
  };
  const Outcome& o = input.outcome;
  put(o.quality);
  put(o.latency_ms);
  put(o.cost_usd);
  put(o.input_tokens);
  put(o.output_tokens);
  put(o.error);
  bytes.PutString(input.served_arm);
  return Checksum(bytes.bytes());
}

// Moves one field of what was said into the event: new, or correcting.
struct FieldMerge {
  bool is_new = false;
  bool is_correction = false;
};
template <class T>
FieldMerge MergeField(const std::optional<T>& said, std::optional<T>& learned,
                      std::optional<T>& outcome, std::optional<T>& corrects) {
  if (!said || learned == said) return {};
  outcome = said;
  const bool is_correction = learned.has_value();
  if (is_correction) corrects = learned;
  learned = said;
  return {!is_correction, is_correction};
}

OutcomeEvent EventOf(const FeedbackInput& input, const Decision& decision,
                     const ServedArm& served) {
  OutcomeEvent event;
  event.decision_id = decision.id;
  event.feedback_id = input.feedback_id;
  event.arm = served.arm;
  event.selection = served.chosen.selection;
  event.is_off_policy = served.is_off_policy;
  event.propensity = served.chosen.propensity;
  event.preference = decision.preference;
  event.input_tokens_estimate = decision.input_tokens;
  event.reported_at = input.at;
  if (decision.context_source != ContextSource::kNone) event.context = decision.context;
  for (const Candidate& candidate : decision.candidates) {
    if (candidate.arm != served.arm) continue;
    event.features = candidate.features;
    event.cost_estimate_usd = std::min(candidate.expected.priced_usd, kUsdMax);
  }
  return event;
}

// Whether a feedback was seen before. Errors: for other content, and for too many.
absl::StatusOr<bool> IsSeen(const FeedbackRecord& record, const std::string& feedback_id,
                            uint64_t payload_hash, const Decision& decision) {
  for (const FeedbackRecord::Seen& seen : record.seen) {
    if (seen.feedback_id != feedback_id) continue;
    if (seen.payload_hash == payload_hash) return true;
    return WithReason(
        absl::AlreadyExistsError(Cat("feedback_id: ", Quoted(feedback_id),
                                     " was used for this decision with other content; send a "
                                     "correction under a new feedback_id")),
        reason::kFeedbackIdReused, "feedback_id");
  }
  if (record.seen.size() < kFeedbacksMax) return false;
  return WithReason(FailedPrecondition("feedback_id: decision ", Quoted(decision.id), " has ",
                                       kFeedbacksMax, " feedbacks already, the most it takes"),
                    reason::kLimit, "feedback_id");
}

// For the record only.
OutcomeEvent NotLearned(OutcomeEvent event, const Outcome& told) {
  event.outcome = told;
  event.corrects = {};
  event.is_learned = false;
  event.is_first = false;
  event.query_text.clear();
  return event;
}

// `record` as it was, with the feedback among those seen.
Joined OverWeight(OutcomeEvent event, const Outcome& told, FeedbackRecord record) {
  Joined joined;
  joined.result = FeedbackResult::kOverWeight;
  joined.event = NotLearned(std::move(event), told);
  joined.event->is_over_weight = true;
  joined.event->weight = 0;
  joined.record = std::move(record);
  joined.record.is_told_over_weight |= told.quality.has_value() || told.error.value_or(false);
  return joined;
}

// Moves what was said into the event and the record, and says what it is to what was known.
void MergeAll(const Outcome& said, OutcomeEvent& event, Joined& joined) {
  bool is_new = false, is_correction = false;
  const auto merge = [&](auto field) {
    const FieldMerge merged = MergeField(said.*field, joined.record.learned.*field,
                                         event.outcome.*field, event.corrects.*field);
    is_new |= merged.is_new;
    is_correction |= merged.is_correction;
    return merged;
  };
  const FieldMerge quality = merge(&Outcome::quality);
  merge(&Outcome::latency_ms);
  merge(&Outcome::cost_usd);
  merge(&Outcome::input_tokens);
  merge(&Outcome::output_tokens);
  merge(&Outcome::error);
  joined.brings_quality = quality.is_new;
  joined.corrects_quality = quality.is_correction;
  joined.result = is_correction    ? FeedbackResult::kCorrected
                  : !is_new        ? FeedbackResult::kAlreadyApplied
                  : event.is_first ? FeedbackResult::kApplied
                                   : FeedbackResult::kMerged;
}

// Gives the event its weight and takes it from the client's; false: there is none left.
bool Weigh(const ClientShare& share, OutcomeEvent& event, Joined& joined) {
  FeedbackRecord& record = joined.record;
  event.weight = event.is_first ? 1 : record.weight;
  const auto client = static_cast<uint64_t>(share.client);
  const bool is_counted = !event.is_first && std::find(record.counted.begin(), record.counted.end(),
                                                       client) != record.counted.end();
  if (share.is_bounded && !is_counted) {
    if (event.is_first) event.weight = std::min(event.weight, share.left);
    if (event.weight < kWeightLeast || event.weight > share.left) return false;
    record.counted.push_back(client);
    joined.counted = event.weight;
  }
  record.weight = event.weight;
  return true;
}

}  // namespace

ServedArm ResolveServed(const Decision& decision, std::optional<ArmId> named) {
  ServedArm served;
  served.is_named = named.has_value();
  served.chosen = decision.chosen.front();
  served.arm = named.value_or(served.chosen.arm);
  const auto it = std::find_if(decision.chosen.begin(), decision.chosen.end(),
                               [&](const ChosenArm& chosen) { return chosen.arm == served.arm; });
  const auto at = static_cast<std::size_t>(it - decision.chosen.begin());
  const bool is_panel_arm = at < decision.chosen.size() && IsRatedAlone(decision, at);
  if (it != decision.chosen.end()) served.chosen = *it;
  served.is_off_policy = served.arm != decision.chosen.front().arm && !is_panel_arm;
  served.key = {decision.pool, decision.id,
                is_panel_arm ? served.arm : decision.chosen.front().arm};
  return served;
}

absl::StatusOr<ServedArm> ServedSoFar(const Decision& decision, const ServedArm& served,
                                      const std::optional<FeedbackRecord>& before) {
  if (!before || served.arm == before->served) return served;
  if (!served.is_named) return ResolveServed(decision, before->served);
  // What was not learned binds nobody.
  if (before->learned.empty()) return served;
  return WithReason(FailedPrecondition("served_arm: decision ", Quoted(decision.id),
                                       " already has an outcome of another arm; what served "
                                       "cannot be changed afterwards"),
                    reason::kServedArmFixed, "served_arm");
}

absl::StatusOr<Joined> Join(const FeedbackInput& input, const Decision& decision,
                            const ServedArm& served, const std::optional<FeedbackRecord>& before,
                            bool is_late, const ClientShare& share) {
  Joined joined;
  joined.record = before.value_or(FeedbackRecord{});
  FeedbackRecord& record = joined.record;
  record.served = served.arm;
  record.decision_time = decision.time;
  const uint64_t payload_hash = PayloadHash(input);
  const std::string feedback_id =
      input.feedback_id.empty() ? Cat("payload:", payload_hash) : input.feedback_id;
  bool is_known = false;
  ASSIGN_OR_RETURN(is_known, IsSeen(record, feedback_id, payload_hash, decision));
  if (is_known) {
    joined.result = FeedbackResult::kAlreadyApplied;
    return joined;
  }
  record.seen.push_back({feedback_id, payload_hash});

  OutcomeEvent event = EventOf(input, decision, served);
  event.feedback_id = feedback_id;
  if (is_late) {
    joined.result = FeedbackResult::kLate;
    joined.event = NotLearned(std::move(event), input.outcome);
    return joined;
  }
  event.is_first = record.learned.empty();
  if (event.is_first) event.query_text = decision.query_text;
  MergeAll(input.outcome, event, joined);
  if (joined.result == FeedbackResult::kAlreadyApplied) return joined;
  if (record.learned.error.value_or(false) && record.learned.quality) {
    return WithReason(
        InvalidArgument("quality: decision ", Quoted(decision.id),
                        " would have both an error and a "
                        "quality, and an answer that failed has none; correct `error` first"),
        reason::kBadField, "quality");
  }
  if (Weigh(share, event, joined)) {
    joined.event = std::move(event);
    return joined;
  }
  record.learned = before ? before->learned : Outcome{};
  return OverWeight(std::move(event), input.outcome, std::move(record));
}

}  // namespace pointsman
