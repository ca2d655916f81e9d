// The part of the engine for operators, who manage pools and arms.
// Threads and errors: engine.h.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/limits.h"
#include "engine/done.h"
#include "engine/request/answers.h"
#include "engine/request/requests.h"
#include "storage/folder/backup.h"

namespace pointsman::engine {

class ControlPath {
 public:
  virtual ~ControlPath() = default;

  // Learns one chunk of an import (import.h), query after query, either as a whole or not at all. Outcomes that
  // are known under the plan's import_id are skipped. An empty chunk checks the plan.
  virtual void Import(ImportPlan plan, std::vector<ImportedQuery> chunk,
                      Done<ImportOutput> done) = 0;
  // Makes or changes a pool, and puts arms in it, as one event group.
  // A new pool on a remote embedder is made only after the embedder has answered, because the answer shows its
  // dimension. Errors if it does not answer: kUnavailable EMBEDDER_UNAVAILABLE.
  // `by`: who requests it, for the log.
  virtual void PutPool(PoolEdit edit, std::string by, Done<PutPoolOutput> done) = 0;
  // The same with whole arms, which are put as they are given.
  virtual void PutPool(std::string name, EditSettings edit, std::vector<Arm> arms, bool create_only,
                       Done<PutPoolOutput> done) = 0;
  virtual void DeletePool(std::string name, Done<bool> done) = 0;
  virtual void PutArm(std::string pool, ArmEdit edit, std::string by, Done<PutArmOutput> done) = 0;
  // Puts a whole arm as it is given. Its name finds the id of a present arm.
  virtual void PutArm(std::string pool, Arm arm, Done<PutArmOutput> done) = 0;
  // The result: true if the arm was active, false if it was paused.
  virtual void RemoveArm(std::string pool, std::string arm, std::string by, Done<bool> done) = 0;
  void RemoveArm(std::string pool, std::string arm, Done<bool> done) {
    RemoveArm(std::move(pool), std::move(arm), "", std::move(done));
  }
  // Takes back what an import taught, as far as the log still has it (import.h).
  virtual void UndoImport(std::string pool, std::string import_id, Done<UndoOutput> done) = 0;
  // Copies the data folder as it is now into `folder`, which is made. Commands and Route continue meanwhile.
  virtual void Backup(std::string folder, Done<storage::BackupInfo> done) = 0;
  // Applies the wanted limits that can change while the engine runs (LimitRow::is_live). Returns the names of
  // the others that differ. `wanted` is valid (ValidateLimits). One caller at a time.
  virtual std::vector<std::string> ChangeLimits(const Limits& wanted) = 0;
};

}  // namespace pointsman::engine
