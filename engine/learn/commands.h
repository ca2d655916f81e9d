// What the engine's commands do on the log writer: join feedback, put and remove arms, make, change
// and delete pools.
// Threads: Stage functions on the log writer alone.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "domain/limits.h"
#include "domain/live_limits.h"
#include "engine/engine.h"
#include "engine/learn/feedback_join.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "engine/route/decision_ids.h"
#include "storage/api/storage.h"

namespace pointsman {

class Commands {
 public:
  Commands(const EngineOptions& options, const LiveLimits& limits, Storage& storage,
           PoolTable& pools, const DecisionIds& ids, const Clock& clock, const Remotes& remotes)
      : options_(options),
        limits_(limits),
        storage_(storage),
        pools_(pools),
        ids_(ids),
        clock_(clock),
        remotes_(remotes) {}

  // Each answers the result if the turn commits; an error of its own wins over the turn's.
  absl::StatusOr<FeedbackOutput> StageFeedback(Turn& turn, const FeedbackInput& input);
  // The pool's `missing_quality` for an outcome that nobody told; nothing if the decision is gone.
  absl::Status StageMissing(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                            const DecisionPosition& position, ArmId arm) const;
  // `by`: who asks for it, for the log.
  absl::StatusOr<PutArmOutput> StagePutArm(Turn& turn, const std::string& pool, const ArmEdit& edit,
                                           const std::string& by);
  absl::StatusOr<bool> StageRemoveArm(Turn& turn, const std::string& pool, const std::string& arm,
                                      const std::string& by);

  // Between turns; these commit on their own.
  absl::StatusOr<PutPoolOutput> PutPool(const PoolEdit& edit, const std::string& by);
  absl::Status DeletePool(const std::string& name);

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
  absl::StatusOr<FeedbackOutput> StageCall(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                           const Decision& decision,
                                           const CallReport& reported) const;
  absl::StatusOr<FeedbackRecord> ReadHead(Turn& turn, const Decision& decision) const;
  absl::StatusOr<Decision> FindDecision(PoolId pool, const std::string& id, Micros now) const;
  absl::StatusOr<std::shared_ptr<PoolRuntime>> MakePool(const std::string& name,
                                                        const PoolSettings& settings);
  // The arm that an edit changes; nothing for a new one. Errors: for a name that the edit cannot mean.
  absl::StatusOr<std::optional<Arm>> FindToPut(const Turn& turn,
                                               const std::shared_ptr<PoolRuntime>& pool,
                                               const ArmEdit& edit, const std::string& name,
                                               const std::string& nearest) const;
  // Normalises the arm's aliases. Errors: for one that means another arm.
  absl::Status CheckAliases(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                            Arm& arm) const;
  absl::StatusOr<std::optional<ArmReset>> ResetOf(const Turn& turn,
                                                  const std::shared_ptr<PoolRuntime>& pool,
                                                  const ArmEdit& edit,
                                                  const std::optional<Arm>& present,
                                                  const Arm& arm) const;
  absl::StatusOr<PutArmOutput> PutArmIn(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                        const ArmEdit& edit, const std::string& by);
  // Names the arms that a pool file does not, and pauses the active ones if that is asked for.
  absl::Status Prune(Turn& turn, const std::shared_ptr<PoolRuntime>& pool, bool is_pruning,
                     const std::set<std::string>& named, const std::string& by,
                     PutPoolOutput& out) const;
  absl::StatusOr<PoolSettings> WantedSettings(const PoolEdit& edit,
                                              const PoolSettings* present) const;

  const EngineOptions& options_;
  const LiveLimits& limits_;
  Storage& storage_;
  PoolTable& pools_;
  const DecisionIds& ids_;
  const Clock& clock_;
  const Remotes& remotes_;
};

PoolInfo InfoOf(const PoolRuntime& pool);

}  // namespace pointsman
