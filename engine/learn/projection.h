// The fold's second half: what one event makes of all that is kept beside the learned state. The first half is
// LearnedState::Learn. A function of the event, of the records before it and of the pool's settings alone: no clock,
// and nothing that is not in the log. So the writer, and anyone who reads the log later, end with the same.
//   outcome   the call's feedback record; the record of the decision's first arm, if another one served; a past
//             outcome for the neighbour search; what the client's weight was used for
//   silence   how far decisions were checked for missing feedback
//   pool      a pool that bounds no client any more forgets what clients used
// Errors: those of reading a record.
// Threads: pure.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "domain/event.h"
#include "domain/visit_fields.h"
#include "engine/pool/client_weights.h"
#include "engine/request/requests.h"
#include "storage/api/projections.h"

namespace pointsman::engine {

struct ExperienceChange {
  Experience experience;
  bool is_removed = false;  // the quality was taken back
};

struct CountedWeight {
  ClientKey client{};
  ArmId arm{};
  double weight = 0;
};

struct Effects {
  std::vector<std::pair<storage::FeedbackKey, storage::FeedbackRecord>> feedback;
  std::optional<ExperienceChange> experience;
  std::optional<storage::PoolProgress> progress;
  std::optional<CountedWeight> counted;
  bool clears_weights = false;
  std::optional<Micros> lag;  // between a decision and its first outcome
};

using ReadRecord = std::function<absl::StatusOr<std::optional<storage::FeedbackRecord>>(
    const storage::FeedbackKey&)>;

absl::StatusOr<Effects> Project(const Event& event, const PoolSettings& settings,
                                const ReadRecord& read);

// The record of a call after an event about it.
storage::FeedbackRecord RecordAfter(const std::optional<storage::FeedbackRecord>& before,
                                    const OutcomeEvent& event, Sequence sequence);

// What the event says to whoever sent the feedback.
FeedbackResult VerdictOf(const OutcomeEvent& event);

// Of an arm's call for a decision; `attempt` as in OutcomeEvent.
storage::FeedbackKey CallKey(PoolId pool, const std::string& decision_id, ArmId arm,
                             uint32_t attempt);

// In place of a field's number: when all of them were taken back.
inline constexpr uint8_t kTakenBack = 0;

// How a record knows a feedback: by its id, or by its content.
std::string SeenId(const std::string& feedback_id, uint64_t payload_hash);

// When a field was observed, as far as that was said; 0: it was not.
Micros SaidAt(const storage::FeedbackRecord& record, uint8_t field);

}  // namespace pointsman::engine
