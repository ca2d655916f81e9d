// What is kept beside the log and follows from it: feedback records, past outcomes for the search, how far silence
// was judged. Each is a fold of events (engine/learn/projection.h) and committed with them in one write, so that
// whoever reads the same log ends with the same.
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

namespace pointsman {

// When the caller says that a field of an outcome was observed.
struct FieldTime {
  uint8_t field = 0;  // its number in record.proto's Outcome
  Micros at = 0;
  friend bool operator==(const FieldTime&, const FieldTime&) = default;
};

// What feedback has said so far of one decision and one arm; makes feedback idempotent. The record of
// the first arm also stands for the decision: `served` is the arm that feedback without a name is about.
struct FeedbackRecord {
  struct Seen {
    std::string feedback_id;
    uint64_t payload_hash = 0;
    bool is_learned = true;  // false: LATE or OVER_WEIGHT, so the same may be learned later
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::vector<Seen> seen;         // in order of arrival
  Outcome learned;                // fields that were learned, with their values
  Sequence quality_sequence = 0;  // the event that brought the quality; 0: none yet
  ArmId served{};                 // the arm that answered, as the last feedback that named one said
  Micros decision_time = 0;       // of the decision it is about: a caller's id may come again
  double weight = 1;              // with which `learned` was learned, whole and corrected
  std::vector<uint64_t> counted;  // whose weight it took: hashes of clients' names
  // A quality or an error was told that its client had no weight left for: nobody was silent.
  bool is_told_over_weight = false;
  std::optional<Anchor> anchor = {};    // where `learned` entered the learned state
  std::vector<FieldTime> told_at = {};  // of the fields of `learned` that came with a time
  bool is_closed = false;          // not served, or by no arm of the pool: silence is not counted
  // Of this arm alone. False (before format 3): `learned` is of `served`, whichever arm that is.
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
  uint64_t missing = 0;     // outcomes that nobody told, ever
  friend bool operator==(const PoolProgress&, const PoolProgress&) = default;
};

class Projections {
 public:
  virtual ~Projections() = default;

  virtual absl::StatusOr<std::optional<FeedbackRecord>> ReadFeedback(
      const FeedbackKey& key) const = 0;
  // Drops feedback records that last changed before `before`. A record's change is stamped
  // with the time of its pool's newest event, so before and after are those of event time. Cheap:
  // disk space comes back when files are next compacted, within about a day of writing; until then
  // such a record may still be read. The horizon only moves forward and is not kept over a restart.
  virtual absl::Status ExpireFeedback(Micros before) = 0;
  // As it was last committed; a fresh one if it never was.
  virtual absl::StatusOr<PoolProgress> ReadProgress(PoolId pool) const = 0;
  // In order of sequence.
  virtual absl::Status ReadExperience(PoolId pool,
                                      const std::function<void(Experience)>& visit) const = 0;
};

}  // namespace pointsman
