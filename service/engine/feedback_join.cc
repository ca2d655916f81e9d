#include "service/engine/feedback_join.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman {
namespace {

constexpr double kUsdMax = 1e9;  // what a log accepts
// A decision's record is read and written whole with each of its feedbacks.
constexpr std::size_t kFeedbacksMax = 256;
// The least of a client's that teaches anything: less is what rounding leaves of it.
constexpr double kWeightLeast = 1e-6;

// Calls `visit(number in record.proto, pointer to member)` for each field of an outcome.
template <class Visit>
void VisitFields(const Visit& visit) {
  visit(uint8_t{1}, &Outcome::quality);
  visit(uint8_t{2}, &Outcome::latency_ms);
  visit(uint8_t{3}, &Outcome::cost_usd);
  visit(uint8_t{4}, &Outcome::input_tokens);
  visit(uint8_t{5}, &Outcome::output_tokens);
  visit(uint8_t{6}, &Outcome::error);
  visit(uint8_t{7}, &Outcome::first_token_ms);
  visit(uint8_t{8}, &Outcome::cached_input_tokens);
  visit(uint8_t{9}, &Outcome::error_kind);
  visit(uint8_t{10}, &Outcome::retry_after_ms);
}

// When each field was observed, as far as that was said.
Micros ToldAt(const FeedbackRecord& record, uint8_t field) {
  for (const FieldTime& told : record.told_at) {
    if (told.field == field) return told.at;
  }
  return 0;
}

void NoteTime(uint8_t field, Micros at, FeedbackRecord& record) {
  std::erase_if(record.told_at, [field](const FieldTime& told) { return told.field == field; });
  if (at > 0) record.told_at.push_back({field, at});
}

// What a report says in full, given what is known: a kind of error is one; a quality after an error says that
// there was an answer; an error that is older than the quality says nothing.
Outcome Complete(Outcome said, Micros at, const FeedbackRecord& record) {
  if (said.error_kind) said.error = true;
  if (said.quality && !said.error && record.learned.error.value_or(false)) said.error = false;
  if (said.error.value_or(false) && record.learned.quality && at > 0 && ToldAt(record, 1) > at) {
    said.error.reset();
    said.error_kind.reset();
    said.retry_after_ms.reset();
  }
  return said;
}

OutcomeEvent EventOf(const Report& report, const Decision& decision, const ServedCall& call) {
  OutcomeEvent event;
  event.decision_id = decision.id;
  event.feedback_id = report.feedback_id;
  event.payload_hash = report.payload_hash;
  event.client = report.client;
  event.arm = call.arm;
  event.attempt = call.attempt;
  event.selection = call.chosen.selection;
  event.is_off_policy = call.is_off_policy;
  event.propensity = call.chosen.propensity;
  event.preference = decision.preference;
  event.decision_version = decision.snapshot_version;
  event.input_tokens_estimate = decision.input_tokens;
  event.input_is_counted = decision.input_is_counted;
  event.reported_at = report.at;
  if (decision.context_source != ContextSource::kNone) event.context = decision.context;
  for (const Candidate& candidate : decision.candidates) {
    if (candidate.arm != call.arm) continue;
    event.features = candidate.features;
    event.cost_estimate_usd = std::min(candidate.expected.priced_usd, kUsdMax);
    event.input_tokens_expected = candidate.expected.input_tokens;
    event.output_tokens_expected = candidate.expected.output_tokens;
  }
  return event;
}

// What of a feedback was seen before.
enum class Seen : uint8_t { kNo, kLearned, kNotLearned };

// Errors: for other content under the same id, and for too many ids.
absl::StatusOr<Seen> LookUp(const FeedbackRecord& record, const std::string& feedback_id,
                            uint64_t payload_hash, const Decision& decision) {
  for (const FeedbackRecord::Seen& seen : record.seen) {
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
  return WithReason(FailedPrecondition("feedback_id: decision ", Quoted(decision.id), " has ",
                                       kFeedbacksMax, " feedbacks already, the most it takes"),
                    reason::kLimit, "feedback_id");
}

void Note(const std::string& feedback_id, uint64_t payload_hash, bool is_learned,
          FeedbackRecord& record) {
  std::erase_if(record.seen, [&](const FeedbackRecord::Seen& seen) {
    return seen.feedback_id == feedback_id;
  });
  record.seen.push_back({feedback_id, payload_hash, is_learned});
}

// For the record only.
OutcomeEvent NotLearned(OutcomeEvent event, const Outcome& told) {
  event.outcome = told;
  event.corrects = {};
  event.before = {};
  event.anchor.reset();
  event.is_learned = false;
  event.is_first = false;
  event.is_withdrawal = false;
  event.query_text.clear();
  return event;
}

// Moves what was said into the event, and says what it is to what was known. What is older than what is
// known already says nothing.
FeedbackResult MergeAll(const Outcome& said, Micros at, OutcomeEvent& event,
                        FeedbackRecord& record) {
  const bool is_new_call = record.learned.empty();
  bool is_correction = false;
  VisitFields([&](uint8_t number, auto field) {
    if (!(said.*field)) return;
    const auto& known = record.learned.*field;
    if (const Micros told = ToldAt(record, number); known && at > 0 && told > at) return;
    NoteTime(number, at, record);
    if (known == said.*field) return;
    event.outcome.*field = said.*field;
    if (known) {
      event.corrects.*field = known;
      is_correction = true;
    }
  });
  const Outcome merged = MergedOutcome(event);
  if (merged == record.learned) return FeedbackResult::kAlreadyApplied;
  if (record.learned.quality && !merged.quality) {
    event.corrects.quality = record.learned.quality;
    is_correction = true;
  }
  record.learned = merged;
  return is_correction ? FeedbackResult::kCorrected
         : is_new_call ? FeedbackResult::kApplied
                       : FeedbackResult::kMerged;
}

// In place of a field's number: when all of them were taken back.
constexpr uint8_t kTakenBack = 0;

// Whether something was said of the call later than `at`, so that a word of then says nothing any more.
bool IsOutdated(const FeedbackRecord& record, Micros at) {
  return at > 0 && std::any_of(record.told_at.begin(), record.told_at.end(),
                               [at](const FieldTime& told) { return told.at > at; });
}

// Takes back all that was learned; false: there is nothing.
bool TakeBack(Micros at, OutcomeEvent& event, FeedbackRecord& record) {
  record.told_at.clear();
  NoteTime(kTakenBack, at, record);
  if (record.learned.empty()) return false;
  event.is_withdrawal = true;
  event.corrects = record.learned;
  record.learned = {};
  return true;
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

Joined NothingNew(FeedbackRecord record) {
  Joined joined;
  joined.result = FeedbackResult::kAlreadyApplied;
  joined.record = std::move(record);
  return joined;
}

}  // namespace

FeedbackKey HeadKey(const Decision& decision) {
  return {decision.pool, decision.id, decision.chosen.front().arm};
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
  call.key = {decision.pool, decision.id, arm};
  // No id of ours or of a caller holds a line break before a number sign.
  if (attempt > 0) call.key.decision_id += Cat("\n#", attempt);
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
  // What older versions did not know is hashed where it was said, so that their hashes still hold.
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

absl::StatusOr<Joined> Join(const Report& report, const Decision& decision, const ServedCall& call,
                            const std::optional<FeedbackRecord>& before, bool is_late,
                            const ClientShare& share) {
  const FeedbackRecord known = before.value_or(FeedbackRecord{});
  Joined joined;
  FeedbackRecord& record = joined.record = known;
  record.decision_time = decision.time;
  record.is_split = true;
  if (!before) record.served = call.arm;
  const bool has_id = !report.feedback_id.empty();
  const std::string id = has_id ? report.feedback_id : Cat("payload:", report.payload_hash);
  Seen seen = Seen::kNo;
  ASSIGN_OR_RETURN(seen, LookUp(record, id, report.payload_hash, decision));
  if (has_id && seen == Seen::kLearned) return NothingNew(known);

  OutcomeEvent event = EventOf(report, decision, call);
  event.feedback_id = id;
  const Outcome said = Complete(report.outcome, report.at, record);
  if (is_late && !report.is_not_served && !report.is_elsewhere) {
    joined.result = FeedbackResult::kLate;
    if (seen != Seen::kNo) return joined;  // it is in the log already
    Note(id, report.payload_hash, /*is_learned=*/false, record);
    joined.event = NotLearned(std::move(event), said);
    return joined;
  }
  event.is_first = record.learned.empty() && !record.anchor;
  event.before = record.learned;
  event.anchor = record.anchor;
  // Records of before format 3 do not say when: the decision's time is near, and the clock began then.
  if (!event.is_first && !event.anchor) event.anchor = record.anchor = Anchor{decision.time, 0};
  if (event.is_first) event.query_text = decision.query_text;
  if (has_id) Note(id, report.payload_hash, /*is_learned=*/true, record);

  if (report.is_elsewhere) {
    if (record.is_closed) return NothingNew(record);
    record.is_closed = true;
    if (event.is_first) record.anchor.reset();
    joined.result = FeedbackResult::kClosed;
    joined.event = NotLearned(std::move(event), {});
    joined.event->is_closed = true;
    return joined;
  }
  if (report.is_withdrawal || report.is_not_served) {
    if (IsOutdated(record, report.at)) return NothingNew(known);
    const bool was_closed = record.is_closed;
    record.is_closed |= report.is_not_served;
    const bool is_taken_back = TakeBack(report.at, event, record);
    const bool is_told = is_taken_back || (report.is_not_served && !was_closed);
    joined.result = !is_told                ? FeedbackResult::kAlreadyApplied
                    : report.is_not_served ? FeedbackResult::kClosed
                                           : FeedbackResult::kCorrected;
    const bool is_noted = record.told_at != known.told_at || record.seen.size() != known.seen.size();
    if (!is_told && !is_noted) return NothingNew(known);
    if (is_taken_back) {
      event.weight = record.weight;
      if (event.corrects.quality) joined.memory = Joined::Memory::kRemove;
    } else {
      event = NotLearned(std::move(event), {});
      event.is_withdrawal = report.is_withdrawal;
    }
    event.is_closed = report.is_not_served;
    joined.event = std::move(event);
    return joined;
  }
  if (report.at > 0 && ToldAt(record, kTakenBack) > report.at) return NothingNew(known);
  joined.result = MergeAll(said, report.at, event, record);
  if (joined.result == FeedbackResult::kAlreadyApplied) return joined;
  record.is_closed = false;
  if (!Weigh(share, event, joined)) {
    joined.record = known;
    joined.record.is_told_over_weight |= said.quality.has_value() || said.error.value_or(false);
    joined.result = FeedbackResult::kOverWeight;
    if (seen != Seen::kNo) return joined;
    joined.record.decision_time = decision.time;
    joined.record.is_split = true;
    if (!before) joined.record.served = call.arm;
    Note(id, report.payload_hash, /*is_learned=*/false, joined.record);
    joined.event = NotLearned(std::move(event), said);
    joined.event->is_over_weight = true;
    joined.event->weight = 0;
    return joined;
  }
  const std::optional<double>& was = event.before.quality;
  if (record.learned.quality != was) {
    joined.memory = record.learned.quality ? Joined::Memory::kPut : Joined::Memory::kRemove;
  }
  joined.event = std::move(event);
  return joined;
}

}  // namespace pointsman
