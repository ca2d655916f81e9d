#include "engine/learn/missing_feedback.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kJudgedAtOnce = 256;  // a few milliseconds; feedback comes in between

}  // namespace

bool MissingFeedbackJudge::Run(Micros now, const std::function<absl::Status(Turn&)>& commit) {
  return Judge(now, /*learns=*/true, commit);
}

bool MissingFeedbackJudge::Judge(Micros now, bool learns,
                                 const std::function<absl::Status(Turn&)>& commit) {
  Turn turn(*storage_.log, now);
  const auto more = Stage(turn, kJudgedAtOnce, learns);
  if (!more.ok()) return false;  // retried in a second
  if (turn.empty()) return false;
  const absl::Status written = commit(turn);
  if (!written.ok()) {
    // Judge the same decisions again without learning: an event that no learner can follow must not block the
    // rest.
    return learns && !absl::IsUnavailable(written) && Judge(now, /*learns=*/false, commit);
  }
  Committed();
  return *more;
}

absl::StatusOr<bool> MissingFeedbackJudge::Stage(Turn& turn, std::size_t count_max, bool learns) {
  judged_.clear();
  const auto pools = pools_.all();
  std::erase_if(progress_, [&](const auto& entry) {
    return std::none_of(pools->begin(), pools->end(),
                        [&](const auto& pool) { return pool.second->id() == entry.first; });
  });
  // Begins with the pool after the last one, so that a busy pool does not delay the others.
  auto it = pools->upper_bound(last_pool_);
  std::size_t left = count_max;
  for (std::size_t n = 0; n < pools->size() && left > 0; ++n, ++it) {
    if (it == pools->end()) it = pools->begin();
    std::size_t judged = 0;
    ASSIGN_OR_RETURN(judged, StagePool(turn, it->second, left, learns));
    left -= judged;
    last_pool_ = it->first;
  }
  return left == 0;
}

absl::StatusOr<std::size_t> MissingFeedbackJudge::StagePool(
    Turn& turn, const std::shared_ptr<PoolRuntime>& pool, std::size_t count_max, bool learns) {
  const auto state = pool->state();
  const PoolSettings& settings = state->pool().settings;
  storage::PoolProgress progress;
  ASSIGN_OR_RETURN(progress, ProgressOf(pool->id()));
  std::vector<storage::WaitingDecision> due;
  ASSIGN_OR_RETURN(
      due, storage_.decisions->ReadWaiting(pool->id(), progress.judged,
                                           turn.now() - settings.feedback_window, count_max));
  if (due.empty()) return std::size_t{0};
  for (storage::WaitingDecision& waiting : due) {
    for (const ArmId arm : waiting.arms) {
      bool is_missing = false;
      ASSIGN_OR_RETURN(is_missing, IsMissing(turn, pool->id(), waiting, arm));
      if (!is_missing) continue;
      ++progress.missing;
      if (learns && settings.missing_feedback == MissingFeedback::kQuality) {
        RETURN_IF_ERROR(commands_.StageMissing(turn, pool, waiting.position, arm));
      }
    }
    progress.judged = std::move(waiting.position);
  }
  turn.Append(pool, SilenceEvent{progress.judged, progress.missing});
  judged_.push_back({pool, std::move(progress)});
  return due.size();
}

absl::StatusOr<bool> MissingFeedbackJudge::IsMissing(const Turn& turn, PoolId pool,
                                                     const storage::WaitingDecision& waiting,
                                                     ArmId arm) const {
  const auto read = [&](ArmId of) -> absl::StatusOr<std::optional<storage::FeedbackRecord>> {
    std::optional<storage::FeedbackRecord> record;
    ASSIGN_OR_RETURN(record, turn.ReadFeedback({pool, waiting.position.decision_id, of}));
    if (record && record->decision_time != waiting.position.time) record.reset();
    return record;
  };
  std::optional<storage::FeedbackRecord> record;
  ASSIGN_OR_RETURN(record, read(arm));
  if (!record) return true;
  if (record->is_closed) return false;
  // For a fallback, another arm may have served. The record of the decision's first arm says which.
  if (record->is_split && record->served != arm) {
    ASSIGN_OR_RETURN(record, read(record->served));
    if (!record) return true;
    if (record->is_closed) return false;
  }
  return !(record->learned.quality || record->learned.error.value_or(false) ||
           record->is_told_over_weight);
}

absl::StatusOr<storage::PoolProgress> MissingFeedbackJudge::ProgressOf(PoolId pool) {
  if (const auto known = progress_.find(pool); known != progress_.end()) return known->second;
  storage::PoolProgress progress;
  ASSIGN_OR_RETURN(progress, storage_.log->ReadProgress(pool));
  progress_[pool] = progress;
  return progress;
}

void MissingFeedbackJudge::Committed() {
  for (Judged& judged : judged_) {
    judged.pool->counters().SetMissing(judged.progress.missing);
    progress_[judged.pool->id()] = std::move(judged.progress);
  }
  judged_.clear();
}

}  // namespace pointsman::engine
