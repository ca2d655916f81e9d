// Joins one feedback with its decision and with what was said of it before. Pure: the writer does
// the reading and the writing.
//   nothing known yet            APPLIED          every field is learned
//   adds fields                  MERGED           the new ones are learned
//   changes values               CORRECTED        old and new value go into the log
//   same feedback_id, or no news ALREADY_APPLIED  nothing is written but the id
//   after the feedback window    LATE             logged, not learned
//   its client's weight is gone  OVER_WEIGHT      logged, not learned
// Weight: all that is learned of a decision and arm is learned with one weight, that of its first
//   outcome, since corrections have to take back what was given. A client's weight is taken once for
//   each: its own parts and corrections of what it was counted for are free, those of what others
//   told are counted at the weight that this has, or not learned.
// Errors: kInvalidArgument ARM_UNKNOWN for an arm that is not the pool's; kFailedPrecondition
//   SERVED_ARM_FIXED for another served arm than before; kAlreadyExists FEEDBACK_ID_REUSED for the
//   same feedback_id with other content.
// Threads: pure functions.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "base/event.h"
#include "service/engine/client_weights.h"
#include "service/engine/requests.h"
#include "storage/storage.h"

namespace pointsman {

// The arm that `served_arm` means for this decision, and the key of what was said of it: a panel's
// arms are rated one by one; any other decision has one outcome, whoever served.
struct ServedArm {
  ArmId arm{};
  bool is_named = false;  // the feedback named it
  ChosenArm chosen;  // how the decision chose it; for an arm it did not choose, of the first one
  bool is_off_policy = false;
  FeedbackKey key;
};
// `named`: the arm that feedback names, if it names one.
ServedArm ResolveServed(const Decision& decision, std::optional<ArmId> named);

// The arm that served, given what was said of it before: a first word that names one holds for later
// ones that name none. Errors: SERVED_ARM_FIXED.
absl::StatusOr<ServedArm> ServedSoFar(const Decision& decision, const ServedArm& served,
                                      const std::optional<FeedbackRecord>& before);

// What the sender of a feedback may count for.
struct ClientShare {
  bool is_bounded = false;
  ClientKey client{};
  double left = 0;  // on the arm that served
};

struct Joined {
  FeedbackResult result = FeedbackResult::kApplied;
  std::optional<OutcomeEvent> event;  // nothing for ALREADY_APPLIED
  FeedbackRecord record;              // as it will be; the event's sequence still to be filled in
  bool brings_quality = false;        // a quality is learned for the first time
  bool corrects_quality = false;
  double counted = 0;  // of the client's weight
};

// `served` as from ServedSoFar.
absl::StatusOr<Joined> Join(const FeedbackInput& input, const Decision& decision,
                            const ServedArm& served, const std::optional<FeedbackRecord>& before,
                            bool is_late, const ClientShare& share);

}  // namespace pointsman
