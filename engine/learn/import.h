// Import of outcomes that are known from elsewhere (a benchmark), as evidence of a stated strength.
// Operation: a chunk is one atomic command of the log writer. Query after query: embed, search the
//   experience index as it stands before the chunk, let the quality model's experts vote on the
//   arms whose quality is known, from the state as the query before left it; then one event an arm,
//   of weight strength / N, N = outcomes of that arm that the plan announces. So N imported
//   outcomes count as `strength` observations, in levels, trackers, the neighbour memory and votes.
// Idempotency: query and arm have the decision id "import:<import_id>:<index>" and a feedback
//   record; what has one is skipped, so a broken import is sent again as a whole, or from where it
//   broke. Records go with decision_ttl: after that, the same import would be learned twice.
// Errors: kInvalidArgument ARM_UNKNOWN; BAD_FIELD for what the pool's embedder cannot take;
//   kAlreadyExists IMPORT_ID_REUSED for other content under an index that is known. Each names the
//   query; nothing of its chunk is learned.
// Cost: embedding, one search and O(experts) distributions a query, an update of the quality model
//   for each outcome; feedback waits that long.
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

// Plan and chunk have passed ValidateImport. On an error nothing of the chunk is in the turn,
// unless the turn is void as well. An empty chunk checks that the plan's arms are there.
absl::StatusOr<ImportOutput> StageImport(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                         const ImportPlan& plan,
                                         std::span<const ImportedQuery> chunk);

// Takes back what came under an import id, as the log has it: a withdrawal for each outcome.
// Errors: kNotFound IMPORT_UNKNOWN if the log has nothing of it (any more); kFailedPrecondition
//   IMPORT_NOT_UNDONE if part of it was compacted away, so that what is left is not all.
// Cost: reads the pool's log from its start.
absl::StatusOr<UndoOutput> StageUndo(Turn& turn, const std::shared_ptr<PoolRuntime>& pool,
                                     const storage::EventLog& log, const std::string& import_id);

// Sums the answers to an import's chunks, and holds the import to what it announced of each arm.
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
