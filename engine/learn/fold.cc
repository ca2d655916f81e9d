#include "engine/learn/fold.h"

#include <span>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace pointsman::engine {

absl::StatusOr<Applied> PoolFold::Apply(Event event) {
  Applied applied;
  if (const auto* outcome = std::get_if<OutcomeEvent>(&event.body)) {
    applied.verdict = VerdictOf(*outcome);
  } else if (const auto* pool = std::get_if<PoolEvent>(&event.body)) {
    settings_ = pool->pool.settings;
  }
  if (read_) {
    ASSIGN_OR_RETURN(applied.effects, Project(event, settings_, read_));
  }
  events_.push_back(std::move(event));
  return applied;
}

absl::Status PoolFold::Learn() {
  if (learned_ == nullptr) learned_ = std::make_shared<learners::LearnedState>(*base_);
  const auto fresh = std::span<const Event>(events_).subspan(learned_count_);
  if (fresh.empty()) return absl::OkStatus();
  learned_count_ = events_.size();
  return learned_->Learn(fresh);
}

void PoolFold::DropEvents() {
  POINTSMAN_CHECK(learned_count_ == events_.size());
  dropped_ += events_.size();
  events_.clear();
  learned_count_ = 0;
}

}  // namespace pointsman::engine
