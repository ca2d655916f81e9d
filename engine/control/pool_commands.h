// The operators' commands on the log writer: put and remove arms; make, change and delete pools.
// Threads: the log writer's alone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/live_limits.h"
#include "engine/engine.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_table.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

class PoolCommands {
 public:
  PoolCommands(const EngineOptions& options, const LiveLimits& limits, storage::EventLog& log,
               PoolTable& pools, const Clock& clock, const Remotes& remotes)
      : options_(options),
        limits_(limits),
        log_(log),
        pools_(pools),
        clock_(clock),
        remotes_(remotes) {}

  // Returns the result, which is valid if the turn commits. An error of the command itself takes precedence
  // over the turn's.
  // `by`: who requests it, for the log.
  absl::StatusOr<PutArmOutput> StagePutArm(Turn& turn, const std::string& pool, const ArmEdit& edit,
                                           const std::string& by) const;
  absl::StatusOr<bool> StageRemoveArm(Turn& turn, const std::string& pool, const std::string& arm,
                                      const std::string& by) const;

  struct StagedPool {
    PutPoolOutput output;               // without `info`, but for a dry run
    std::shared_ptr<PoolRuntime> pool;  // null: a dry run for a pool that does not exist
  };
  // `new_id` gives the id of a pool that is made. It is not in the table until the turn has committed.
  // What serves of a pool that the log has just made.
  absl::StatusOr<std::shared_ptr<PoolRuntime>> RuntimeOf(const Pool& pool) const;
  using NewPoolId = std::function<absl::StatusOr<PoolId>()>;
  absl::StatusOr<StagedPool> StagePutPool(Turn& turn, const PoolEdit& edit, const std::string& by,
                                          const NewPoolId& new_id) const;

  // Call these between turns. They commit on their own.
  absl::StatusOr<PutPoolOutput> PutPool(const PoolEdit& edit, const std::string& by);
  absl::Status DeletePool(const std::string& name);

 private:
  absl::StatusOr<std::shared_ptr<PoolRuntime>> MakePool(const std::string& name,
                                                        const PoolSettings& settings,
                                                        const NewPoolId& new_id) const;
  // The present arm that an edit changes; nothing if the arm is new. Errors: for a name that the edit cannot
  // mean.
  absl::StatusOr<std::optional<Arm>> FindToPut(const Turn& turn,
                                               const std::shared_ptr<PoolRuntime>& pool,
                                               const ArmEdit& edit, const std::string& name,
                                               const std::string& nearest) const;
  // Normalises the arm's aliases. Errors: for an alias that means another arm.
  absl::Status CheckAliases(const Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                            Arm& arm) const;
  absl::StatusOr<std::optional<ArmReset>> ResetOf(const Turn& turn,
                                                  const std::shared_ptr<PoolRuntime>& pool,
                                                  const ArmEdit& edit,
                                                  const std::optional<Arm>& present,
                                                  const Arm& arm) const;
  absl::StatusOr<PutArmOutput> PutArmIn(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                        const ArmEdit& edit, const std::string& by) const;
  // Puts the arms of a pool file, and collects their names in `named`. A dry run for a pool that does not exist
  // only checks them.
  absl::Status PutArmsIn(Turn& turn, const std::shared_ptr<PoolRuntime>& pool, const PoolEdit& edit,
                         const std::string& by, std::set<std::string>& named,
                         PutPoolOutput& out) const;
  // Reports the arms that are not in the pool file. Pauses the active ones among them if `is_pruning`.
  absl::Status Prune(Turn& turn, const std::shared_ptr<PoolRuntime>& pool, bool is_pruning,
                     const std::set<std::string>& named, const std::string& by,
                     PutPoolOutput& out) const;
  absl::StatusOr<PoolSettings> WantedSettings(const PoolEdit& edit,
                                              const PoolSettings* present) const;

  const EngineOptions& options_;
  const LiveLimits& limits_;
  storage::EventLog& log_;
  PoolTable& pools_;
  const Clock& clock_;
  const Remotes& remotes_;
};

PoolInfo InfoOf(const PoolRuntime& pool);

}  // namespace pointsman::engine
