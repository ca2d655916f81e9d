#include "engine/learn/projection.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::engine {
namespace {

// A time that is already noted stays in its place, so that repeating a report changes nothing.
void NoteTime(uint8_t field, Micros at, storage::FeedbackRecord& record) {
  if (SaidAt(record, field) == at) return;
  std::erase_if(record.told_at,
                [field](const storage::FieldTime& told) { return told.field == field; });
  if (at > 0) record.told_at.push_back({field, at});
}

// The record to start from: the present one if it belongs to this decision, otherwise an empty one.
storage::FeedbackRecord Fresh(const std::optional<storage::FeedbackRecord>& before, ArmId served,
                              Micros decision_time) {
  storage::FeedbackRecord record;
  if (before && before->decision_time == decision_time) {
    record = *before;
  } else {
    record.served = served;
    record.decision_time = decision_time;
  }
  record.is_split = true;
  return record;
}

// Notes the feedback's id. A feedback without an id is noted by its content, and only if it was not learned, so
// that the same content may still be learned later.
void NoteId(const OutcomeEvent& event, storage::FeedbackRecord& record) {
  const FeedbackResult verdict = VerdictOf(event);
  const bool may_come_again =
      verdict == FeedbackResult::kLate || verdict == FeedbackResult::kOverWeight;
  if (event.feedback_id.empty() && !may_come_again) return;
  storage::FeedbackRecord::Seen now{SeenId(event.feedback_id, event.payload_hash),
                                    event.payload_hash, !may_come_again};
  if (std::find(record.seen.begin(), record.seen.end(), now) != record.seen.end()) return;
  std::erase_if(record.seen, [&](const storage::FeedbackRecord::Seen& seen) {
    return seen.feedback_id == now.feedback_id;
  });
  record.seen.push_back(std::move(now));
}

bool IsUndoneImport(const OutcomeEvent& event) {
  return event.selection == Selection::kImported && event.is_withdrawal;
}

std::optional<ExperienceChange> ExperienceOf(const OutcomeEvent& event,
                                             const storage::FeedbackRecord& before,
                                             const storage::FeedbackRecord& after,
                                             const PoolSettings& settings) {
  if (!event.is_learned) return std::nullopt;
  const std::optional<double> was = event.before.quality, is = MergedOutcome(event).quality;
  const Sequence sequence =
      after.quality_sequence > 0 ? after.quality_sequence : before.quality_sequence;
  const std::size_t projected = settings.embedder.projected;
  if (was == is || sequence == 0 || event.context.size() < projected ||
      settings.experience_max == 0) {
    return std::nullopt;
  }
  ExperienceChange change{{sequence, event.arm, static_cast<float>(is.value_or(0)),
                           static_cast<float>(event.weight), event.context},
                          !is.has_value()};
  change.experience.context.resize(projected);
  return change;
}

absl::Status ProjectOutcome(const Event& event, const OutcomeEvent& outcome,
                            const PoolSettings& settings, const ReadRecord& read,
                            Effects& effects) {
  const storage::FeedbackKey key =
      CallKey(event.pool, outcome.decision_id, outcome.arm, outcome.attempt);
  std::optional<storage::FeedbackRecord> before;
  ASSIGN_OR_RETURN(before, read(key));
  storage::FeedbackRecord after = RecordAfter(before, outcome, event.sequence);
  effects.experience =
      ExperienceOf(outcome, before.value_or(storage::FeedbackRecord{}), after, settings);
  if (outcome.instead_of) {
    const storage::FeedbackKey head =
        CallKey(event.pool, outcome.decision_id, *outcome.instead_of, 0);
    if (head == key) {
      after.served = outcome.arm;
    } else {
      std::optional<storage::FeedbackRecord> known;
      ASSIGN_OR_RETURN(known, read(head));
      storage::FeedbackRecord first = Fresh(known, *outcome.instead_of, outcome.decision_time);
      first.served = outcome.arm;
      effects.feedback.emplace_back(head, std::move(first));
    }
  }
  effects.feedback.emplace_back(key, std::move(after));
  if (outcome.counted > 0) {
    effects.counted = CountedWeight{KeyOfClient(outcome.client), outcome.arm, outcome.counted};
  }
  const bool is_reported = !outcome.is_missing && outcome.selection != Selection::kImported;
  if (is_reported && VerdictOf(outcome) == FeedbackResult::kApplied) {
    effects.lag = event.time - outcome.decision_time;
  }
  return absl::OkStatus();
}

}  // namespace

std::string SeenId(const std::string& feedback_id, uint64_t payload_hash) {
  return feedback_id.empty() ? Cat("payload:", payload_hash) : feedback_id;
}

Micros SaidAt(const storage::FeedbackRecord& record, uint8_t field) {
  for (const storage::FieldTime& told : record.told_at) {
    if (told.field == field) return told.at;
  }
  return 0;
}

storage::FeedbackKey CallKey(PoolId pool, const std::string& decision_id, ArmId arm,
                             uint32_t attempt) {
  storage::FeedbackKey key{pool, decision_id, arm};
  // No decision id, ours or a caller's, contains a line break followed by a number sign.
  if (attempt > 0) key.decision_id += Cat("\n#", attempt);
  return key;
}

FeedbackResult VerdictOf(const OutcomeEvent& event) {
  if (event.brings_nothing) return FeedbackResult::kAlreadyApplied;
  if (event.is_closed) return FeedbackResult::kClosed;
  if (event.is_over_weight) return FeedbackResult::kOverWeight;
  if (!event.is_learned) return FeedbackResult::kLate;
  if (event.is_withdrawal || !event.corrects.empty()) return FeedbackResult::kCorrected;
  return event.before.empty() ? FeedbackResult::kApplied : FeedbackResult::kMerged;
}

storage::FeedbackRecord RecordAfter(const std::optional<storage::FeedbackRecord>& before,
                                    const OutcomeEvent& event, Sequence sequence) {
  storage::FeedbackRecord record = Fresh(before, event.arm, event.decision_time);
  NoteId(event, record);
  if (event.is_withdrawal) {
    std::erase_if(record.told_at, [&](const storage::FieldTime& told) {
      return event.reported_at == 0 || told.at <= event.reported_at;
    });
    NoteTime(kTakenBack, event.reported_at, record);
  }
  for (uint8_t field = 1; field <= kFieldLast; ++field) {
    if ((event.said >> field & 1) != 0) NoteTime(field, event.reported_at, record);
  }
  if (event.is_closed) record.is_closed = true;
  if (event.is_over_weight) {
    const Outcome& said = event.outcome;
    record.is_told_over_weight |= said.quality.has_value() || said.error.value_or(false);
  }
  if (!event.is_learned) return record;

  record.anchor = event.anchor;
  record.weight = event.weight;
  record.learned = MergedOutcome(event);
  if (event.is_withdrawal) {
    if (!IsUndoneImport(event)) return record;
    record.seen.clear();
    record.told_at.clear();
    record.anchor.reset();
    record.quality_sequence = 0;
    return record;
  }
  record.is_closed = false;
  if (event.counted > 0) record.counted.push_back(static_cast<uint64_t>(KeyOfClient(event.client)));
  const bool has_new_quality = record.learned.quality != event.before.quality;
  if (has_new_quality && record.quality_sequence == 0) record.quality_sequence = sequence;
  return record;
}

absl::StatusOr<Effects> Project(const Event& event, const PoolSettings& settings,
                                const ReadRecord& read) {
  Effects effects;
  if (const auto* outcome = std::get_if<OutcomeEvent>(&event.body)) {
    RETURN_IF_ERROR(ProjectOutcome(event, *outcome, settings, read, effects));
  } else if (const auto* silence = std::get_if<SilenceEvent>(&event.body)) {
    effects.progress = storage::PoolProgress{silence->judged, silence->missing};
  } else if (const auto* pool = std::get_if<PoolEvent>(&event.body)) {
    effects.clears_weights = pool->pool.settings.client_weight_per_hour == 0;
  }
  return effects;
}

}  // namespace pointsman::engine
