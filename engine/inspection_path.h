// The part of the engine for inspection: what it has learned, why it decided so, and how well it works.
// Threads and errors: engine.h.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/done.h"
#include "engine/replica/options.h"
#include "engine/request/answers.h"
#include "engine/request/insight.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"
#include "retrieval/remote/remote_statistics.h"

namespace pointsman::engine {

class InspectionPath {
 public:
  virtual ~InspectionPath() = default;

  virtual std::vector<PoolInfo> ListPools() const = 0;
  virtual absl::StatusOr<PoolInfo> GetPool(std::string_view name) const = 0;
  // Arms with id >= first, at most `count_max`. Removed arms are included only if requested. `name_contains`:
  // without regard to case; empty: any.
  virtual absl::StatusOr<std::vector<Arm>> ListArms(std::string_view pool, ArmId first,
                                                    std::size_t count_max, bool include_removed,
                                                    std::string_view name_contains) const = 0;
  virtual absl::StatusOr<PoolStatistics> GetStats(std::string_view pool,
                                                  const ArmFilter& arms) const = 0;
  // The same, with the checksum of everything that the pool has learned at that moment. It is computed on a
  // background thread, because it encodes the whole state.
  virtual void GetStatsWithChecksum(std::string pool, ArmFilter arms,
                                    Done<PoolStatistics> done) const = 0;
  // How many of the nearest entries to these queries the pool's indexes find (recall.h). Computed on a
  // background thread.
  virtual void MeasureRecall(std::string pool, std::vector<std::string> queries,
                             Done<RecallFigures> done) const = 0;
  // Calls a remote embedder to test it. Errors: kNotFound for a name that is not in the options; those of the
  // embedder.
  virtual void TryEmbedder(std::string endpoint, std::vector<std::string> texts,
                           Done<EmbedderFigures> done) const = 0;
  virtual std::vector<retrieval::RemoteStatistics> EmbedderStatistics() const = 0;
  // The same checksum, computed by the calling thread. Equal states have equal checksums.
  virtual absl::StatusOr<uint64_t> StateChecksum(std::string_view pool) const = 0;
  virtual absl::StatusOr<Explanation> Explain(std::string_view pool,
                                              std::string_view decision_id) const = 0;
  // The outcomes learned by the events from `first` on. Reads at least one event, at most `events_max`, and
  // stops after about a megabyte of text. Reads the disk.
  virtual absl::StatusOr<OutcomePage> ReadOutcomes(std::string_view pool, Sequence first,
                                                   std::size_t events_max) const = 0;

  // What the pool did in the last `span`, at most 14 days.
  virtual absl::StatusOr<History> GetHistory(std::string_view pool, Micros span) const = 0;
  // The decisions that are kept, the newest first (decision_search.h). This and what follows run on a thread for
  // such questions, one after another.
  virtual void ListDecisions(std::string pool, DecisionQuery query,
                             Done<DecisionPage> done) const = 0;
  virtual void TryPreferences(std::string pool, std::vector<Preference> preferences,
                              uint32_t decisions, Done<TriedPreferences> done) const = 0;
  // Decides as a preview of Route, and explains it (try_query.h).
  virtual void TryQuery(RouteInput input, uint32_t neighbours, Done<TriedQuery> done) const = 0;
  virtual void ListQueryGroups(std::string pool, uint32_t groups, Done<QueryGroups> done) const = 0;
  // What other policies and the control group would have earned (compare_policies.h).
  virtual void ComparePolicies(std::string pool, PolicyQuestion question,
                               Done<PolicyComparison> done) const = 0;
  // Makes a recorded decision again (recomputed.h).
  virtual void RecomputeDecision(std::string pool, std::string decision_id,
                                 Done<Recomputed> done) const = 0;
  // Where the logs of all pools stand. Reads the disk.
  virtual std::vector<PoolLogFigures> LogFigures() const = 0;

  // OK, or why writes fail.
  virtual absl::Status StorageHealth() const = 0;
  // OK, or why the last snapshot failed. Then the log grows until a snapshot succeeds; nothing else is
  // affected.
  virtual absl::Status SnapshotHealth() const = 0;
  virtual std::size_t QueueDepth() const = 0;
  // Writes that failed since the start.
  virtual uint64_t StorageErrors() const = 0;
  // How this replica follows the shared log; nothing for an engine on its own.
  virtual std::optional<ReplicaFigures> Replication() const = 0;
};

}  // namespace pointsman::engine
