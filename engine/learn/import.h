// Imports outcomes that are known from elsewhere (a benchmark), as evidence of a stated strength.
// Operation: a chunk is one atomic command of the log writer. Its queries are handled one after another: embed
//   the query, search the experience index as it was before the chunk, and let the quality model's experts vote
//   on the arms whose quality is known. The votes use the state after the previous query. Then each arm gets
//   one event of weight strength / N, where N is the number of outcomes of that arm that the plan announces. So
//   N imported outcomes count as `strength` observations, in levels, trackers, the neighbour memory and votes.
// Idempotency: a query and arm have the decision id "import:<import_id>:<index>" and a feedback record.
//   Outcomes that have a record are skipped, so an interrupted import can be sent again as a whole, or from
//   where it stopped. Records expire with decision_ttl. After that, the same import would be learned a second
//   time.
// Errors: kInvalidArgument ARM_UNKNOWN; BAD_FIELD for input that the pool's embedder cannot take;
//   kAlreadyExists IMPORT_ID_REUSED for other content under a known index. Each error names the query, and
//   nothing of its chunk is learned.
// Cost: for each query, embedding, one search and O(experts) distributions; for each outcome, an update of the
//   quality model. Feedback waits during this time.
// Threads: StageImport on the log writer alone; ImportTally: one owner.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "engine/learn/turn.h"
#include "engine/pool/pool_runtime.h"
#include "engine/request/requests.h"

namespace pointsman::engine {

// `plan` and `chunk` have passed ValidateImport. After an error the turn has nothing of the chunk, unless the
// turn is void as well. An empty chunk checks that the plan's arms exist.
absl::StatusOr<ImportOutput> StageImport(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                         const ImportPlan& plan,
                                         std::span<const ImportedQuery> chunk);

// Takes back what the log has under an import id, by one withdrawal for each outcome.
// Errors: kNotFound IMPORT_UNKNOWN if the log has no such import, or no longer has it; kFailedPrecondition
//   IMPORT_NOT_UNDONE if a part of it was compacted away, so that the import cannot be undone as a whole.
// Cost: reads the pool's log from its start.
absl::StatusOr<UndoOutput> StageUndo(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                     const storage::EventLog& log, const std::string& import_id);

// Sums the results of an import's chunks, and checks each chunk against what the plan announced for each arm.
class ImportTally {
 public:
  explicit ImportTally(const ImportPlan& plan) : plan_(plan) {}

  // Errors: kInvalidArgument BAD_FIELD if an arm gets more outcomes than its weight was made for.
  absl::Status Admit(std::span<const ImportedQuery> chunk);
  void Add(const ImportOutput& output);
  const ImportOutput& total() const { return total_; }

 private:
  const ImportPlan plan_;
  std::map<std::string, uint64_t> came_;  // by arm
  ImportOutput total_;
};

}  // namespace pointsman::engine
