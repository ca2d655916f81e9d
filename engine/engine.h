// The engine: pools, decisions and learning, in process. gRPC, replays and tests all run this code.
//
// Operation: Route reads one published state, chooses, records the decision and answers. Feedback
//   and changes of pools and arms are commands to one log writer, which joins a batch of them,
//   learns it on a private copy, commits it in one synced write, publishes, then completes every
//   waiting call: a Route begun after the completion sees it. Order of the log = order of learning.
// Concurrency: all methods from any thread. With Writing::kThread completions run on the writer's
//   thread and must not block; with Writing::kInline the call itself does the writer's work, so the
//   same calls give the same log, bit for bit (replays).
// Errors: canonical codes with a machine code (requests.h). Route keeps answering when storage is
//   broken, with `logged` false; commands answer kUnavailable then.
// Limitations: one engine per data folder.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "domain/limits.h"
#include "retrieval/index/arm_index.h"
#include "retrieval/remote/endpoint.h"
#include "retrieval/remote/remote_statistics.h"
#include "engine/request/answers.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"
#include "storage/folder/backup.h"
#include "storage/api/storage.h"

namespace pointsman {

enum class Writing : uint8_t { kThread = 1, kInline = 2 };

struct EngineOptions {
  Limits limits;
  Writing writing = Writing::kThread;
  Building building = Building::kBackground;
  std::vector<RemoteEndpoint> embedders;  // that pools may name; valid, each name once
};

class Engine {
 public:
  // Recovers every pool: newest valid snapshot, then the log after it. `clock` outlives the engine.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const EngineOptions& options, Storage storage,
                                                      const Clock& clock);
  // Finishes what is queued, writes snapshots, closes the storage.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  template <class T>
  using Done = std::function<void(absl::StatusOr<T>)>;

  // Prepares the query, embeds it, decides it with what else came meanwhile, and records the decision. `done` is
  // called once: before this returns, or on a thread of the engine or of an embedder.
  void Route(RouteInput input, Done<RouteOutput> done);
  // Independent decisions over one snapshot of each pool, in order; each with its own error.
  void RouteBatch(std::vector<RouteInput> inputs,
                  std::function<void(std::vector<absl::StatusOr<RouteOutput>>)> done);
  // The blocking forms: they wait for the vector of a query that is embedded elsewhere.
  absl::StatusOr<RouteOutput> Route(const RouteInput& input);
  std::vector<absl::StatusOr<RouteOutput>> RouteBatch(std::span<const RouteInput> inputs);

  // Fails what waits for remote embedders, now and from here on, so that no call waits any more.
  void StopEmbedding();

  // `done` is called exactly once, perhaps before this returns.
  void Feedback(FeedbackInput input, Done<FeedbackOutput> done);
  // Learns one chunk of an import (import.h): query after query, all of the chunk or nothing. What
  // is known already under the plan's import_id is skipped. An empty chunk checks the plan.
  void Import(ImportPlan plan, std::vector<ImportedQuery> chunk, Done<ImportOutput> done);
  // Makes or changes a pool, and puts arms in it, as one event group.
  // A new pool on a remote embedder is made once that has answered and its dimension is known. Errors
  // then: kUnavailable EMBEDDER_UNAVAILABLE.
  // `by`: who asks for it, for the log.
  void PutPool(PoolEdit edit, std::string by, Done<PutPoolOutput> done);
  // The same with whole arms: what is put is what they are then.
  void PutPool(std::string name, EditSettings edit, std::vector<Arm> arms, bool create_only,
               Done<std::pair<PoolInfo, bool>> done);
  void DeletePool(std::string name, Done<bool> done);
  void PutArm(std::string pool, ArmEdit edit, std::string by, Done<PutArmOutput> done);
  // A whole arm, which is then as given; its id is found by its name. True: it is new.
  void PutArm(std::string pool, Arm arm, Done<std::pair<Arm, bool>> done);
  // True: it was active, else paused.
  void RemoveArm(std::string pool, std::string arm, std::string by, Done<bool> done);
  void RemoveArm(std::string pool, std::string arm, Done<bool> done) {
    RemoveArm(std::move(pool), std::move(arm), "", std::move(done));
  }
  // Takes back what an import taught, as far as the log has it (import.h).
  void UndoImport(std::string pool, std::string import_id, Done<UndoOutput> done);

  // Copies the data folder as it is now into `folder`, which is made; commands and Route go on.
  void Backup(std::string folder, Done<BackupInfo> done);

  std::vector<PoolInfo> ListPools() const;
  absl::StatusOr<PoolInfo> GetPool(std::string_view name) const;
  // Arms with id >= first, at most `count_max`; removed ones if asked for.
  absl::StatusOr<std::vector<Arm>> ListArms(std::string_view pool, ArmId first,
                                            std::size_t count_max, bool include_removed) const;
  absl::StatusOr<PoolStatistics> GetStats(std::string_view pool) const;
  // The same with the checksum of all that the pool has learned at that moment; computed aside, since
  // it costs an encoding of all of it.
  void GetStatsWithChecksum(std::string pool, Done<PoolStatistics> done) const;
  // How well the pool's indexes find what is near these queries; computed aside (recall.h).
  void MeasureRecall(std::string pool, std::vector<std::string> queries,
                     Done<RecallFigures> done) const;
  // Calls a remote embedder to see how it does. Errors: kNotFound for a name that is not in the options;
  // the embedder's own.
  void TryEmbedder(std::string endpoint, std::vector<std::string> texts,
                   Done<EmbedderFigures> done) const;
  std::vector<RemoteStatistics> EmbedderStatistics() const;
  // That checksum, here and now: equal for equal states.
  absl::StatusOr<uint64_t> StateChecksum(std::string_view pool) const;
  absl::StatusOr<Explanation> Explain(std::string_view pool, std::string_view decision_id) const;

  // The outcomes learned by the events from `first` on, at most `events_max` of them (at least one is
  // read) and about a megabyte of text. Reads the disk.
  absl::StatusOr<OutcomePage> ReadOutcomes(std::string_view pool, Sequence first,
                                           std::size_t events_max) const;

  // OK, or why writes fail.
  absl::Status StorageHealth() const;
  // OK, or why the last snapshot failed; the log grows until one succeeds, and nothing else suffers.
  absl::Status SnapshotHealth() const;
  std::size_t QueueDepth() const;
  // Writes that failed since the start.
  uint64_t StorageErrors() const;

  // The limits in force. The reference stays valid as long as the engine.
  const Limits& limits() const;
  // Puts those wanted limits in force that can change while it runs (LimitRow::is_live), and answers
  // the names of others that differ. `wanted` is valid (ValidateLimits). One caller at a time.
  std::vector<std::string> ChangeLimits(const Limits& wanted);

  // Finishes queued commands, refuses new ones, snapshots. Called by the destructor if not before.
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

}  // namespace pointsman

#include "engine/await.h"
