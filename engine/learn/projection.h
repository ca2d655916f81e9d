// The second half of the fold: how one event changes what is kept beside the learned state. The first half is
// LearnedState::Learn. The result depends only on the event, the records before it and the pool's settings. It
// does not depend on a clock or on anything outside the log. So the writer and every later reader of the log
// end with the same records.
//   outcome   the call's feedback record; the record of the decision's first arm, if another one served; a past
//             outcome for the neighbour search; what the client's weight was used for
//   silence   how far decisions were checked for missing feedback
//   pool      if the pool no longer bounds clients, their used weights are forgotten
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

// The result that the sender of the feedback gets for this event.
FeedbackResult VerdictOf(const OutcomeEvent& event);

// The key of an arm's call for a decision. `attempt` is as in OutcomeEvent.
storage::FeedbackKey CallKey(PoolId pool, const std::string& decision_id, ArmId arm,
                             uint32_t attempt);

// Used in place of a field's number, for the time when all fields were taken back.
inline constexpr uint8_t kTakenBack = 0;

// The id under which a record notes a feedback: the feedback's own id, or a hash of its content.
std::string SeenId(const std::string& feedback_id, uint64_t payload_hash);

// When a field was observed; 0 if that was not reported.
Micros SaidAt(const storage::FeedbackRecord& record, uint8_t field);

}  // namespace pointsman::engine
