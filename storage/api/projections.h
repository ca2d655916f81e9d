// What is stored beside the log and follows from it: feedback records, past outcomes for the search, and how
// far silence was judged. Each is a fold of events (engine/learn/projection.h) and is committed with them in
// one write. So every reader of the same log ends with the same projections.
// Threads: ExpireFeedback from the log's writer; reads from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/event.h"
#include "domain/types.h"

namespace pointsman::storage {

// When a field of an outcome was observed, as the caller reports it.
struct FieldTime {
  uint8_t field = 0;  // its number in record.proto's Outcome
  Micros at = 0;
  friend bool operator==(const FieldTime&, const FieldTime&) = default;
};

// What feedback reported so far of one decision and one arm; it makes feedback idempotent. The record of the
// first arm also stands for the decision: `served` is the arm that feedback without an arm applies to.
struct FeedbackRecord {
  struct Seen {
    std::string feedback_id;
    uint64_t payload_hash = 0;
    bool is_learned = true;  // false: LATE or OVER_WEIGHT; the same feedback may be learned later
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::vector<Seen> seen;         // in order of arrival
  Outcome learned;                // fields that were learned, with their values
  Sequence quality_sequence = 0;  // the event with the quality; 0: none yet
  ArmId served{};                 // the arm that answered, by the last feedback that named one
  Micros decision_time = 0;       // of its decision: a caller may use a decision id again
  double weight = 1;              // the weight of `learned`, first values and corrections alike
  std::vector<uint64_t> counted;  // clients whose weight it used: hashes of their names
  // A quality or an error was reported, but its client had no weight left. So this is not silence.
  bool is_told_over_weight = false;
  std::optional<Anchor> anchor = {};  // where `learned` entered the learned state
  std::vector<FieldTime> told_at =
      {};  // for the fields of `learned` that were reported with a time
  bool is_closed =
      false;  // not served, or served by an arm outside the pool: silence is not counted
  // True: of this arm alone. False (before format 3): `learned` belongs to `served`, whichever arm that is.
  bool is_split = false;
  friend bool operator==(const FeedbackRecord&, const FeedbackRecord&) = default;
};

struct FeedbackKey {
  PoolId pool{};
  std::string decision_id;
  ArmId arm{};
  friend bool operator==(const FeedbackKey&, const FeedbackKey&) = default;
};

// How far a pool's decisions were judged for missing feedback.
struct PoolProgress {
  DecisionPosition judged;  // the last one
  uint64_t missing = 0;     // outcomes never reported, in total
  friend bool operator==(const PoolProgress&, const PoolProgress&) = default;
};

class Projections {
 public:
  virtual ~Projections() = default;

  virtual absl::StatusOr<std::optional<FeedbackRecord>> ReadFeedback(
      const FeedbackKey& key) const = 0;
  // Drops feedback records that last changed before `before`. A change is stamped with the time of its pool's
  // newest event, so these are event times. Cheap: disk space is freed when files are next compacted, within
  // about a day of writing; until then an expired record may still be read. The horizon only moves forward
  // and is not kept over a restart.
  virtual absl::Status ExpireFeedback(Micros before) = 0;
  // The last committed progress; a fresh one if there is none.
  virtual absl::StatusOr<PoolProgress> ReadProgress(PoolId pool) const = 0;
  // In order of sequence.
  virtual absl::Status ReadExperience(PoolId pool,
                                      const std::function<void(Experience)>& visit) const = 0;
};

}  // namespace pointsman::storage
