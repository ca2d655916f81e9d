#include "engine/learn/rebuilt.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::engine {

ReadRecord RebuiltProjections::reader() const {
  return [this](const storage::FeedbackKey& key)
             -> absl::StatusOr<std::optional<storage::FeedbackRecord>> {
    const auto it = feedback_.find({key.decision_id, Index(key.arm)});
    return it == feedback_.end() ? std::nullopt
                                 : std::optional<storage::FeedbackRecord>(it->second);
  };
}

void RebuiltProjections::Take(const Event& event, Effects effects) {
  for (auto& [key, record] : effects.feedback) {
    feedback_[{key.decision_id, Index(key.arm)}] = std::move(record);
  }
  if (effects.experience) {
    Experience& experience = effects.experience->experience;
    if (effects.experience->is_removed) {
      experience_.erase(experience.sequence);
    } else {
      experience_[experience.sequence] = std::move(experience);
    }
  }
  if (effects.progress) progress_ = *std::move(effects.progress);
  if (effects.counted) {
    client_weights_.Count(effects.counted->client, effects.counted->arm, effects.counted->weight,
                          event.time);
  }
  if (effects.clears_weights) client_weights_.Clear();
}

absl::StatusOr<std::optional<std::string>> RebuiltProjections::DifferenceFrom(
    const storage::Projections& kept, PoolId pool) const {
  using Difference = std::optional<std::string>;
  for (const auto& [key, record] : feedback_) {
    const auto& [decision, arm] = key;
    std::optional<storage::FeedbackRecord> stored;
    ASSIGN_OR_RETURN(stored, kept.ReadFeedback({pool, decision, ArmId{arm}}));
    if (stored && !(*stored == record)) {
      return Difference(Cat("the feedback record of decision ", Quoted(decision), ", arm ", arm,
                            ", differs from the one rebuilt from the log"));
    }
  }
  Difference difference;
  RETURN_IF_ERROR(kept.ReadExperience(pool, [&](const Experience& stored) {
    const auto it = experience_.find(stored.sequence);
    if (!difference && (it == experience_.end() || !(it->second == stored))) {
      difference = Cat("the past outcome of event ", stored.sequence,
                       " differs from the one rebuilt from the log");
    }
  }));
  if (difference) return difference;
  storage::PoolProgress progress;
  ASSIGN_OR_RETURN(progress, kept.ReadProgress(pool));
  if (progress_ && !(progress == *progress_)) {
    return Difference(Cat("the stored check for missing feedback (up to ", progress.judged.time,
                          " us, ", progress.missing,
                          " missing) differs from the one rebuilt from the log (up to ",
                          progress_->judged.time, " us, ", progress_->missing, " missing)"));
  }
  return Difference();
}

}  // namespace pointsman::engine
