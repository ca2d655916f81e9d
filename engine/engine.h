// The engine: pools, decisions and learning, in process. gRPC, replays and tests all run this code.
//
// Operation: Route reads one published state, chooses, records the decision and answers. Feedback
//   and changes of pools and arms are commands to one log writer, which joins a batch of them,
//   learns it on a private copy, commits it in one synced write, publishes, then completes every
//   waiting call: a Route begun after the completion sees it. Order of the log = order of learning.
// Concurrency: all methods from any thread. With Writing::kThread, completions run on the writer's thread and
//   must not block. With Writing::kInline the call itself does the writer's work, so the same calls give the
//   same log, bit for bit (replays).
// Errors: canonical codes with a machine code (requests.h). If the storage cannot be written, Route still
//   answers, with `logged` false, and commands answer kUnavailable.
// Limitations: one engine per data folder.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "domain/limits.h"
#include "engine/control_path.h"
#include "engine/data_path.h"
#include "engine/inspection_path.h"
#include "engine/replica/options.h"
#include "engine/request/answers.h"
#include "engine/request/insight.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"
#include "retrieval/index/arm_index.h"
#include "retrieval/remote/endpoint.h"
#include "retrieval/remote/remote_statistics.h"
#include "storage/api/storage.h"
#include "storage/folder/backup.h"

namespace pointsman::engine {

enum class Writing : uint8_t { kThread = 1, kInline = 2 };

struct EngineOptions {
  Limits limits;
  Writing writing = Writing::kThread;
  retrieval::Building building = retrieval::Building::kBackground;
  std::vector<retrieval::RemoteEndpoint> embedders;  // that pools may name; valid, unique names
  ReplicaOptions replica;                            // without a log: one engine on its own
};

class Engine final : public DataPath, public ControlPath, public InspectionPath {
 public:
  // Recovers every pool from its newest valid snapshot and the log after it. `clock` outlives the engine.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const EngineOptions& options,
                                                      storage::Storage storage, const Clock& clock);
  // Finishes queued commands, writes snapshots and closes the storage.
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  template <class T>
  using Done = engine::Done<T>;

  void Route(RouteInput input, Done<RouteOutput> done) override;
  void RouteBatch(std::vector<RouteInput> inputs,
                  std::function<void(std::vector<absl::StatusOr<RouteOutput>>)> done) override;
  // The blocking forms. They wait for the vector of a query that is embedded remotely.
  absl::StatusOr<RouteOutput> Route(const RouteInput& input);
  std::vector<absl::StatusOr<RouteOutput>> RouteBatch(std::span<const RouteInput> inputs);

  // Fails all present and later queries that wait for remote embedders, so that no call waits any more.
  void StopEmbedding();

  void Feedback(FeedbackInput input, Done<FeedbackOutput> done) override;
  const Limits& limits() const override;

  void Import(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done) override;
  void PutPool(PoolEdit edit, std::string by, Done<PutPoolOutput> done) override;
  void PutPool(std::string name, EditSettings edit, std::vector<Arm> arms, bool create_only,
               Done<PutPoolOutput> done) override;
  void DeletePool(std::string name, Done<bool> done) override;
  void PutArm(std::string pool, ArmEdit edit, std::string by, Done<PutArmOutput> done) override;
  void PutArm(std::string pool, Arm arm, Done<PutArmOutput> done) override;
  void RemoveArm(std::string pool, std::string arm, std::string by, Done<bool> done) override;
  void RemoveArm(std::string pool, std::string arm, Done<bool> done) {
    RemoveArm(std::move(pool), std::move(arm), "", std::move(done));
  }
  void UndoImport(std::string pool, std::string import_id, Done<UndoOutput> done) override;
  void Backup(std::string folder, Done<storage::BackupInfo> done) override;
  std::vector<std::string> ChangeLimits(const Limits& wanted) override;

  std::vector<PoolInfo> ListPools() const override;
  absl::StatusOr<PoolInfo> GetPool(std::string_view name) const override;
  absl::StatusOr<std::vector<Arm>> ListArms(std::string_view pool, ArmId first,
                                            std::size_t count_max, bool include_removed,
                                            std::string_view name_contains = {}) const override;
  absl::StatusOr<PoolStatistics> GetStats(std::string_view pool,
                                          const ArmFilter& arms = {}) const override;
  void GetStatsWithChecksum(std::string pool, ArmFilter arms,
                            Done<PoolStatistics> done) const override;
  void MeasureRecall(std::string pool, std::vector<std::string> queries,
                     Done<RecallFigures> done) const override;
  void TryEmbedder(std::string endpoint, std::vector<std::string> texts,
                   Done<EmbedderFigures> done) const override;
  std::vector<retrieval::RemoteStatistics> EmbedderStatistics() const override;
  absl::StatusOr<uint64_t> StateChecksum(std::string_view pool) const override;
  absl::StatusOr<Explanation> Explain(std::string_view pool,
                                      std::string_view decision_id) const override;
  absl::StatusOr<OutcomePage> ReadOutcomes(std::string_view pool, Sequence first,
                                           std::size_t events_max) const override;
  absl::StatusOr<History> GetHistory(std::string_view pool, Micros span) const override;
  void ListDecisions(std::string pool, DecisionQuery query, Done<DecisionPage> done) const override;
  void TryPreferences(std::string pool, std::vector<Preference> preferences, uint32_t decisions,
                      Done<TriedPreferences> done) const override;
  void TryQuery(RouteInput input, uint32_t neighbours, Done<TriedQuery> done) const override;
  void ListQueryGroups(std::string pool, uint32_t groups, Done<QueryGroups> done) const override;
  void ComparePolicies(std::string pool, PolicyQuestion question,
                       Done<PolicyComparison> done) const override;
  void RecomputeDecision(std::string pool, std::string decision_id,
                         Done<Recomputed> done) const override;
  std::vector<PoolLogFigures> LogFigures() const override;
  absl::Status StorageHealth() const override;
  absl::Status SnapshotHealth() const override;
  std::size_t QueueDepth() const override;
  uint64_t StorageErrors() const override;
  std::optional<ReplicaFigures> Replication() const override;

  // With Writing::kInline, of a replica: folds at most `count_max` messages of the shared log, and stores what was
  // decided elsewhere. Returns how many messages were folded.
  absl::StatusOr<std::size_t> FollowSharedLog(std::size_t count_max);
  // The same, of what is postponed or waits too long.
  void TickReplica();

  // Finishes queued commands, refuses new ones, and writes snapshots. The destructor calls it if nobody did
  // before.
  void Stop();

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The blocking form of a command, for tools, replays and tests:
//   auto result = Await<FeedbackOutput>([&](auto done) { engine.Feedback(input, done); });
template <class T, class Call>
absl::StatusOr<T> Await(Call call);

}  // namespace pointsman::engine

#include "engine/await.h"
