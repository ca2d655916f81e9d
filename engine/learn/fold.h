// The fold: one function from (state, event) to (state, verdict, effects). The writer, recovery, verify and
// every other reader of a log use it, so all of them end with the same state. The state is what the pool has
// learned (LearnedState) and the records that `read` returns (projection.h).
// Operation: Apply computes the effects of an event at once, and keeps the event. Learn then learns all events
//   since its last call together. The fold changes nothing outside itself: its caller writes the results.
// Errors: those of reading a record; kInvalidArgument or kDataLoss from Learn for an event that no learner can
//   follow. The fold must then be discarded.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/event.h"
#include "engine/learn/projection.h"
#include "learners/state/learned_state.h"

namespace pointsman::engine {

struct Applied {
  std::optional<FeedbackResult> verdict;  // of an outcome
  Effects effects;
};

class PoolFold {
 public:
  // Without `read` there are no effects, for callers that need only the learned state.
  explicit PoolFold(std::shared_ptr<const learners::LearnedState> state, ReadRecord read = nullptr)
      : base_(std::move(state)), read_(std::move(read)), settings_(base_->pool().settings) {}

  absl::StatusOr<Applied> Apply(Event event);
  absl::Status Learn();
  // The state as of the last Learn.
  std::shared_ptr<const learners::LearnedState> learned() const {
    return learned_ ? learned_ : base_;
  }

  // The sequence of the next event, and its earliest time.
  Sequence next() const { return base_->version() + dropped_ + events_.size() + 1; }
  Micros time() const { return events_.empty() ? learned()->time() : events_.back().time; }
  const std::vector<Event>& events() const { return events_; }
  // Frees the events that were learned.
  void DropEvents();

 private:
  const std::shared_ptr<const learners::LearnedState> base_;
  const ReadRecord read_;
  PoolSettings settings_;
  std::shared_ptr<learners::LearnedState> learned_;  // null: nothing was learned yet
  std::vector<Event> events_;
  std::size_t learned_count_ = 0;  // of events_
  Sequence dropped_ = 0;
};

}  // namespace pointsman::engine
