// What feedback does on the log writer: each call that it speaks of is joined with its decision and appended.
// Threads: the log writer's alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/live_limits.h"
#include "engine/learn/feedback_join.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "engine/route/decision_ids.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

class FeedbackCommands {
 public:
  FeedbackCommands(const LiveLimits& limits, const storage::DecisionStore& decisions,
                   const PoolTable& pools, const DecisionIds& ids)
      : limits_(limits), decisions_(decisions), pools_(pools), ids_(ids) {}

  // Answers the result if the turn commits; an error of its own wins over the turn's.
  absl::StatusOr<FeedbackOutput> StageFeedback(Turn& turn, const FeedbackInput& input) const;
  // The pool's `missing_quality` for an outcome that nobody reported; nothing if the decision is gone.
  absl::Status StageMissing(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                            const DecisionPosition& position, ArmId arm) const;

 private:
  // One call of a feedback: of which arm, and what is said of it.
  struct CallReport {
    std::optional<ArmId> arm = {};  // absent: nobody was named, or no arm of the pool
    bool is_named = false;
    uint32_t attempt = 0;
    Report report;
  };
  absl::StatusOr<std::vector<CallReport>> ReportsOf(const Turn& turn,
                                                    const std::shared_ptr<PoolRuntime>& pool,
                                                    const FeedbackInput& input,
                                                    FeedbackOutput& output) const;
  struct JoinedCall {
    Joined joined;
    bool is_of_old_version = false;
  };
  absl::StatusOr<JoinedCall> JoinCall(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                      const Decision& decision, const CallReport& reported) const;
  absl::StatusOr<FeedbackOutput> StageCall(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                           const Decision& decision,
                                           const CallReport& reported) const;
  // The earlier calls of an arm that are known, beside its last one.
  absl::StatusOr<uint32_t> FurtherCalls(const Turn& turn, const Decision& decision,
                                        ArmId arm) const;
  absl::Status AddCalls(Turn& turn, const Decision& decision, const FeedbackInput& input,
                        std::vector<CallReport>& reports) const;
  absl::StatusOr<storage::FeedbackRecord> ReadHead(Turn& turn, const Decision& decision) const;
  absl::StatusOr<Decision> FindDecision(PoolId pool, const std::string& id, Micros now) const;

  const LiveLimits& limits_;
  const storage::DecisionStore& decisions_;
  const PoolTable& pools_;
  const DecisionIds& ids_;
};

}  // namespace pointsman::engine
