// Feedback commands on the log writer: each call that feedback reports is joined with its decision and
// appended.
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
  // `is_replica`: a decision that is not here may have been made by another replica a moment ago.
  FeedbackCommands(const LiveLimits& limits, const storage::DecisionStore& decisions,
                   const PoolTable& pools, const DecisionIds& ids, bool is_replica)
      : limits_(limits), decisions_(decisions), pools_(pools), ids_(ids), is_replica_(is_replica) {}

  // Returns the result, which is valid if the turn commits. An error of the command itself takes precedence
  // over the turn's.
  absl::StatusOr<FeedbackOutput> StageFeedback(Turn& turn, const FeedbackInput& input) const;
  // Appends an outcome with the pool's `missing_quality`, because nobody reported one. Does nothing if the
  // decision is gone.
  absl::Status StageMissing(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                            const DecisionPosition& position, ArmId arm) const;

 private:
  // What a feedback reports about one call.
  struct CallReport {
    std::optional<ArmId> arm = {};  // absent: no arm was named, or none of the pool
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
  // The number of known earlier calls of an arm, its last call not included.
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
  const bool is_replica_;
};

}  // namespace pointsman::engine
