#include "engine/learn/feedback_join.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/ranges.h"
#include "engine/request/validate.h"

namespace pointsman::engine {
namespace {

// A decision's record is read and written as a whole with each feedback, so their number is bounded.
constexpr std::size_t kFeedbacksMax = 256;
// The least weight of a client that teaches anything. A smaller rest is a rounding error.
constexpr double kWeightLeast = 1e-6;

// Completes a report with what it implies. An error kind implies an error. A quality after an error implies
// that there was an answer. An error that is older than the known quality is dropped.
Outcome Complete(Outcome said, Micros at, const storage::FeedbackRecord& record) {
  if (said.error_kind) said.error = true;
  if (said.quality && !said.error && record.learned.error.value_or(false)) said.error = false;
  if (said.error.value_or(false) && record.learned.quality && at > 0 && SaidAt(record, 1) > at) {
    said.error.reset();
    said.error_kind.reset();
    said.retry_after_ms.reset();
  }
  return said;
}

OutcomeEvent EventOf(const Report& report, const Decision& decision, const ServedCall& call) {
  OutcomeEvent event;
  event.decision_id = decision.id;
  event.decision_time = decision.time;
  event.feedback_id = report.feedback_id;
  event.payload_hash = report.payload_hash;
  event.client = report.client;
  event.arm = call.arm;
  event.attempt = call.attempt;
  event.selection = call.chosen.selection;
  event.is_off_policy = call.is_off_policy;
  event.propensity = call.chosen.propensity;
  event.inclusion = InclusionOf(decision, call.arm);
  event.preference = decision.preference;
  event.decision_version = decision.snapshot_version;
  event.input_tokens_estimate = decision.input_tokens;
  event.input_is_counted = decision.input_is_counted;
  event.reported_at = report.at;
  if (decision.context_source != ContextSource::kNone) event.context = decision.context;
  for (const Candidate& candidate : decision.candidates) {
    if (candidate.arm != call.arm) continue;
    event.features = candidate.features;
    event.cost_estimate_usd = std::min(candidate.expected.priced_usd, kLoggedUsdMax);
    event.input_tokens_expected = candidate.expected.input_tokens;
    event.output_tokens_expected = candidate.expected.output_tokens;
  }
  return event;
}

// Whether a feedback was seen before.
enum class Seen : uint8_t { kNo, kLearned, kNotLearned };

// Errors: for an id that was used with other content, and for too many ids.
absl::StatusOr<Seen> LookUp(const storage::FeedbackRecord& record, const std::string& feedback_id,
                            uint64_t payload_hash, const Decision& decision) {
  for (const storage::FeedbackRecord::Seen& seen : record.seen) {
    if (seen.feedback_id != feedback_id) continue;
    if (seen.payload_hash == payload_hash) {
      return seen.is_learned ? Seen::kLearned : Seen::kNotLearned;
    }
    return WithReason(
        absl::AlreadyExistsError(Cat("feedback_id: ", Quoted(feedback_id),
                                     " was used for this decision with other content; send a "
                                     "correction under a new feedback_id")),
        reason::kFeedbackIdReused, "feedback_id");
  }
  if (record.seen.size() < kFeedbacksMax) return Seen::kNo;
  return WithReason(FailedPrecondition("feedback_id: decision ", Quoted(decision.id),
                                       " already has ", kFeedbacksMax, " feedbacks, the maximum"),
                    reason::kLimit, "feedback_id");
}

// The event as it is logged if it is not learned.
OutcomeEvent NotLearned(OutcomeEvent event, const Outcome& said) {
  event.outcome = said;
  event.corrects = {};
  event.before = {};
  event.anchor.reset();
  event.is_learned = false;
  event.is_first = false;
  event.query_text.clear();
  return event;
}

// The result, and the event if it changes anything.
Joined Settle(OutcomeEvent event, const std::optional<storage::FeedbackRecord>& before) {
  Joined joined{VerdictOf(event), std::nullopt};
  if (event.is_learned) {
    joined.event = std::move(event);
    return joined;
  }
  const storage::FeedbackRecord known = before.value_or(storage::FeedbackRecord{}),
                                after = RecordAfter(before, event, 0);
  const bool is_noted = after.seen != known.seen || after.told_at != known.told_at ||
                        after.is_closed != known.is_closed ||
                        after.is_told_over_weight != known.is_told_over_weight;
  if (is_noted) joined.event = std::move(event);
  return joined;
}

Joined NothingNew(OutcomeEvent event, const std::optional<storage::FeedbackRecord>& before) {
  event = NotLearned(std::move(event), {});
  event.brings_nothing = true;
  return Settle(std::move(event), before);
}

// Moves the reported fields into the event, over the known ones. A reported field that is older than the known
// one is ignored. Returns false if nothing is new.
bool Merge(const Outcome& said, Micros at, const storage::FeedbackRecord& known,
           OutcomeEvent& event) {
  VisitFields([&](uint8_t number, auto field) {
    if (!(said.*field)) return;
    const auto& value = known.learned.*field;
    if (const Micros told = SaidAt(known, number); value && at > 0 && told > at) return;
    event.said |= 1u << number;
    if (value == said.*field) return;
    event.outcome.*field = said.*field;
    if (value) event.corrects.*field = value;
  });
  const Outcome merged = MergedOutcome(event);
  if (known.learned.quality && !merged.quality) event.corrects.quality = known.learned.quality;
  return merged != known.learned;
}

// Moves into the event what is left after a withdrawal at `at`: the fields that were observed later.
void KeepLater(Micros at, const storage::FeedbackRecord& known, OutcomeEvent& event) {
  OutcomeEvent kept;
  VisitFields([&](uint8_t number, auto field) {
    if (at > 0 && SaidAt(known, number) > at) kept.outcome.*field = known.learned.*field;
  });
  event.outcome = MergedOutcome(kept);
  event.corrects = {};
  VisitFields([&](uint8_t, auto field) {
    if (!(event.outcome.*field)) event.corrects.*field = known.learned.*field;
  });
}

// Gives the event its weight and takes that from the client's. Returns false if the client has too little left.
bool Weigh(const ClientShare& share, const storage::FeedbackRecord& known, OutcomeEvent& event) {
  event.weight = event.is_first ? 1 : known.weight;
  const auto client = static_cast<uint64_t>(share.client);
  const bool is_counted = !event.is_first && std::find(known.counted.begin(), known.counted.end(),
                                                       client) != known.counted.end();
  if (!share.is_bounded || is_counted) return true;
  if (event.is_first) event.weight = std::min(event.weight, share.left);
  if (event.weight < kWeightLeast || event.weight > share.left) return false;
  event.counted = event.weight;
  return true;
}

// Takes back what was learned, closes the decision, or does both.
Joined TakeBack(const Report& report, const storage::FeedbackRecord& known, OutcomeEvent event,
                const std::optional<storage::FeedbackRecord>& before) {
  event.is_withdrawal = true;
  event.weight = known.weight;
  KeepLater(report.at, known, event);
  const bool is_all = event.outcome.empty();
  const bool closes = is_all && report.is_not_served && !known.is_closed;
  if (event.corrects.empty()) {
    // The withdrawal is recorded even if it changes nothing, so that an older report that arrives later is
    // ignored.
    if (!closes) return NothingNew(std::move(event), before);
    event = NotLearned(std::move(event), {});
  }
  // If something was observed later, the decision stays open.
  event.is_closed = is_all && report.is_not_served;
  return Settle(std::move(event), before);
}

}  // namespace

storage::FeedbackKey HeadKey(const Decision& decision) {
  return CallKey(decision.pool, decision.id, decision.chosen.front().arm, 0);
}

ServedCall CallBy(const Decision& decision, ArmId arm, uint32_t attempt) {
  ServedCall call;
  call.arm = arm;
  call.attempt = attempt;
  call.chosen = decision.chosen.front();
  const auto it = std::find_if(decision.chosen.begin(), decision.chosen.end(),
                               [&](const ChosenArm& chosen) { return chosen.arm == arm; });
  const auto at = static_cast<std::size_t>(it - decision.chosen.begin());
  if (it != decision.chosen.end()) call.chosen = *it;
  const bool is_panel_arm = at < decision.chosen.size() && IsRatedAlone(decision, at);
  call.is_off_policy = arm != decision.chosen.front().arm && !is_panel_arm;
  call.key = CallKey(decision.pool, decision.id, arm, attempt);
  return call;
}

void PutOutcome(const Outcome& o, ByteWriter& bytes) {
  const auto put = [&](const auto& field) {
    bytes.Put(field.has_value());
    if (field) bytes.Put(*field);
  };
  put(o.quality);
  put(o.latency_ms);
  put(o.cost_usd);
  put(o.input_tokens);
  put(o.output_tokens);
  put(o.error);
  // Fields that are newer than the first version are hashed only if they are set. So hashes of older versions
  // stay valid.
  if (!o.first_token_ms && !o.cached_input_tokens && !o.error_kind && !o.retry_after_ms) return;
  put(o.first_token_ms);
  put(o.cached_input_tokens);
  put(o.error_kind);
  put(o.retry_after_ms);
}

uint64_t PayloadHash(const FeedbackInput& input) {
  ByteWriter bytes;
  PutOutcome(input.outcome, bytes);
  bytes.PutString(input.served_arm);
  if (input.is_withdrawal || input.is_not_served || !input.attempts.empty()) {
    bytes.Put(input.is_withdrawal);
    bytes.Put(input.is_not_served);
    for (const AttemptInput& attempt : input.attempts) {
      bytes.PutString(attempt.arm);
      PutOutcome(attempt.outcome, bytes);
    }
  }
  return Checksum(bytes.bytes());
}

OutcomeEvent OfNothing(const Report& report, const Decision& decision, const ServedCall& call) {
  OutcomeEvent event = NotLearned(EventOf(report, decision, call), {});
  event.brings_nothing = true;
  return event;
}

absl::StatusOr<Joined> Join(const Report& report, const Decision& decision, const ServedCall& call,
                            const std::optional<storage::FeedbackRecord>& before, bool is_late,
                            const ClientShare& share) {
  const storage::FeedbackRecord known = before.value_or(storage::FeedbackRecord{});
  const std::string id = SeenId(report.feedback_id, report.payload_hash);
  Seen seen = Seen::kNo;
  ASSIGN_OR_RETURN(seen, LookUp(known, id, report.payload_hash, decision));
  if (!report.feedback_id.empty() && seen == Seen::kLearned) {
    return Joined{FeedbackResult::kAlreadyApplied, std::nullopt};
  }
  OutcomeEvent event = EventOf(report, decision, call);
  const Outcome said = Complete(report.outcome, report.at, known);
  if (is_late && !report.is_not_served && !report.is_elsewhere) {
    return Settle(NotLearned(std::move(event), said), before);
  }
  event.is_first = known.learned.empty() && !known.anchor;
  event.before = known.learned;
  event.anchor = known.anchor;
  // Records before format 3 have no anchor. The decision's time is close to it, and the clock was 0 then.
  if (!event.is_first && !event.anchor) event.anchor = Anchor{decision.time, 0};
  if (event.is_first) event.query_text = decision.query_text;

  if (report.is_elsewhere) {
    if (known.is_closed) return NothingNew(std::move(event), before);
    event = NotLearned(std::move(event), {});
    event.is_closed = true;
    return Settle(std::move(event), before);
  }
  // A withdrawal with a later time has already taken this report back.
  if (report.at > 0 && SaidAt(known, kTakenBack) > report.at) {
    return NothingNew(std::move(event), before);
  }
  if (report.is_withdrawal || report.is_not_served) {
    return TakeBack(report, known, std::move(event), before);
  }
  const bool is_new = Merge(said, report.at, known, event);
  RETURN_IF_ERROR(ValidateCachedTokens(MergedOutcome(event)));
  if (!is_new) return NothingNew(std::move(event), before);
  if (!Weigh(share, known, event)) {
    event = NotLearned(std::move(event), said);
    event.said = 0;
    event.is_over_weight = true;
    event.weight = 0;
    return Settle(std::move(event), before);
  }
  return Settle(std::move(event), before);
}

}  // namespace pointsman::engine
