// Joins the report of one call with its decision and with earlier reports of the same call. Pure: the writer
// reads and writes the records.
//   nothing known yet            APPLIED          every field is learned
//   adds fields                  MERGED           the new ones are learned
//   changes values               CORRECTED        what the old ones taught is taken back
//   withdraws                    CORRECTED        everything is taken back except what was observed later
//   same feedback_id, or no news ALREADY_APPLIED  only the id and the time are recorded
//   not served                   CLOSED           nothing is learned, silence is not counted
//   after the feedback window    LATE             logged, not learned; the same may come again
//   no client weight left        OVER_WEIGHT      logged, not learned; the same may come again
// The last report wins. A quality after an error means that there was an answer. An error after a quality means
// that there was none. If both reports say when they were observed, the later time wins.
// Weight: everything learned of a decision and arm has one weight, that of its first outcome, because
//   corrections have to take back exactly what was given. A client's weight is used once for each decision and
//   arm. Further parts and corrections of what the client was counted for are free. Changing what other clients
//   reported uses as much weight as the outcome has; if the client has less left, the report is not learned.
// Errors: kAlreadyExists FEEDBACK_ID_REUSED for the same feedback_id with other content; kFailedPrecondition
//   LIMIT for too many feedbacks; kInvalidArgument if the reports together have more cached input tokens than
//   input tokens.
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

// One call of a decision: its arm, and how the decision chose that arm. `attempt` is 0 for the arm's last call,
// and 1, 2, ... for earlier calls of the same arm.
struct ServedCall {
  ArmId arm{};
  uint32_t attempt = 0;
  ChosenArm chosen;  // if the decision did not choose the arm: that of the first arm, off-policy
  bool is_off_policy = false;
  storage::FeedbackKey key;
};
ServedCall CallBy(const Decision& decision, ArmId arm, uint32_t attempt = 0);

// The key of the record that also stands for the decision: the record of its first arm.
storage::FeedbackKey HeadKey(const Decision& decision);

// What feedback reports about one call.
struct Report {
  Outcome outcome;
  bool is_withdrawal = false;
  bool is_not_served = false;
  bool is_elsewhere =
      false;  // by no arm of the pool: the decision is closed, and what was learned stays
  std::string feedback_id;  // empty: none was given
  uint64_t payload_hash = 0;
  Micros at = 0;  // 0: not reported
  std::string client;
};
// Writes the fields of an outcome, for a hash of them.
void PutOutcome(const Outcome& outcome, ByteWriter& bytes);
// A hash of everything that a feedback reports. Equal feedbacks have equal hashes.
uint64_t PayloadHash(const FeedbackInput& input);

// The weight that the sender of a feedback has left.
struct ClientShare {
  bool is_bounded = false;
  ClientKey client{};
  double left = 0;  // on the arm that served
};

struct Joined {
  FeedbackResult result = FeedbackResult::kApplied;
  // Absent: the record does not change. The anchor of a first outcome is set when the event gets its place in
  // the log.
  std::optional<OutcomeEvent> event;
};

// An event that reports nothing about the call.
OutcomeEvent OfNothing(const Report& report, const Decision& decision, const ServedCall& call);

// `before`: the record of this call of this decision, not of an earlier decision with the same id.
absl::StatusOr<Joined> Join(const Report& report, const Decision& decision, const ServedCall& call,
                            const std::optional<storage::FeedbackRecord>& before, bool is_late,
                            const ClientShare& share);

}  // namespace pointsman::engine
