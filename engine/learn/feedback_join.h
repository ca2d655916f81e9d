// Joins what is said of one call with its decision and with what was said of it before. Pure: the writer
// does the reading and the writing.
//   nothing known yet            APPLIED          every field is learned
//   adds fields                  MERGED           the new ones are learned
//   changes values               CORRECTED        what the old ones taught is taken back
//   withdraws                    CORRECTED        all of it is taken back but what was observed later
//   same feedback_id, or no news ALREADY_APPLIED  nothing is written but the id and the time
//   not served                   CLOSED           nothing is learned, silence is not counted
//   after the feedback window    LATE             logged, not learned; the same may come again
//   its client's weight is gone  OVER_WEIGHT      logged, not learned; the same may come again
// The last word wins: a quality after an error says that there was an answer, an error after a quality that
// there was none. Where both words say when they were observed, the later time wins.
// Weight: all that is learned of a decision and arm is learned with one weight, that of its first
//   outcome, since corrections have to take back what was given. A client's weight is taken once for
//   each: its own parts and corrections of what it was counted for are free, those of what others
//   told are counted at the weight that this has, or not learned.
// Errors: kAlreadyExists FEEDBACK_ID_REUSED for the same feedback_id with other content;
//   kFailedPrecondition LIMIT for too many feedbacks; kInvalidArgument for more cached input tokens
//   than input tokens over both words.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "domain/event.h"
#include "engine/learn/projection.h"
#include "engine/pool/client_weights.h"
#include "engine/request/requests.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// One call of a decision: by which arm, and how the decision came to it. `attempt`: 0 for the arm's last
// call, 1, 2, ... for earlier ones of the same arm.
struct ServedCall {
  ArmId arm{};
  uint32_t attempt = 0;
  ChosenArm chosen;  // for an arm that the decision did not choose: as the first one, off-policy
  bool is_off_policy = false;
  storage::FeedbackKey key;
};
ServedCall CallBy(const Decision& decision, ArmId arm, uint32_t attempt = 0);

// The key of the record that also stands for the decision: that of its first arm.
storage::FeedbackKey HeadKey(const Decision& decision);

// What is said of a call.
struct Report {
  Outcome outcome;
  bool is_withdrawal = false;
  bool is_not_served = false;
  bool is_elsewhere =
      false;  // by no arm of the pool: the decision is closed, and what was learned stays
  std::string feedback_id;  // empty: none was given
  uint64_t payload_hash = 0;
  Micros at = 0;  // 0: not said
  std::string client;
};
// What an outcome says, for a hash of it.
void PutOutcome(const Outcome& outcome, ByteWriter& bytes);
// Of all that a feedback says: the same feedback has the same hash.
uint64_t PayloadHash(const FeedbackInput& input);

// What the sender of a feedback may count for.
struct ClientShare {
  bool is_bounded = false;
  ClientKey client{};
  double left = 0;  // on the arm that served
};

struct Joined {
  FeedbackResult result = FeedbackResult::kApplied;
  // Nothing: the record stays as it is. Its anchor, if it is the first outcome, comes with its place in the log.
  std::optional<OutcomeEvent> event;
};

// An event that says nothing of the call.
OutcomeEvent OfNothing(const Report& report, const Decision& decision, const ServedCall& call);

// `before`: the record of this call of this decision, not of an earlier namesake.
absl::StatusOr<Joined> Join(const Report& report, const Decision& decision, const ServedCall& call,
                            const std::optional<storage::FeedbackRecord>& before, bool is_late,
                            const ClientShare& share);

}  // namespace pointsman::engine
