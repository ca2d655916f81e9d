// The engine for those who look: what it knows, why it decided, how it does.
// Threads and errors: engine.h.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/done.h"
#include "engine/request/answers.h"
#include "engine/request/requests.h"
#include "engine/request/statistics.h"
#include "retrieval/remote/remote_statistics.h"

namespace pointsman::engine {

class InspectionPath {
 public:
  virtual ~InspectionPath() = default;

  virtual std::vector<PoolInfo> ListPools() const = 0;
  virtual absl::StatusOr<PoolInfo> GetPool(std::string_view name) const = 0;
  // Arms with id >= first, at most `count_max`; removed ones if asked for.
  virtual absl::StatusOr<std::vector<Arm>> ListArms(std::string_view pool, ArmId first,
                                                    std::size_t count_max,
                                                    bool include_removed) const = 0;
  virtual absl::StatusOr<PoolStatistics> GetStats(std::string_view pool) const = 0;
  // The same with the checksum of all that the pool has learned at that moment; computed aside, since
  // it costs an encoding of all of it.
  virtual void GetStatsWithChecksum(std::string pool, Done<PoolStatistics> done) const = 0;
  // How well the pool's indexes find what is near these queries; computed aside (recall.h).
  virtual void MeasureRecall(std::string pool, std::vector<std::string> queries,
                             Done<RecallFigures> done) const = 0;
  // Calls a remote embedder to see how it does. Errors: kNotFound for a name that is not in the options;
  // the embedder's own.
  virtual void TryEmbedder(std::string endpoint, std::vector<std::string> texts,
                           Done<EmbedderFigures> done) const = 0;
  virtual std::vector<retrieval::RemoteStatistics> EmbedderStatistics() const = 0;
  // That checksum, here and now: equal for equal states.
  virtual absl::StatusOr<uint64_t> StateChecksum(std::string_view pool) const = 0;
  virtual absl::StatusOr<Explanation> Explain(std::string_view pool,
                                              std::string_view decision_id) const = 0;
  // The outcomes learned by the events from `first` on, at most `events_max` of them (at least one is
  // read) and about a megabyte of text. Reads the disk.
  virtual absl::StatusOr<OutcomePage> ReadOutcomes(std::string_view pool, Sequence first,
                                                   std::size_t events_max) const = 0;

  // OK, or why writes fail.
  virtual absl::Status StorageHealth() const = 0;
  // OK, or why the last snapshot failed; the log grows until one succeeds, and nothing else suffers.
  virtual absl::Status SnapshotHealth() const = 0;
  virtual std::size_t QueueDepth() const = 0;
  // Writes that failed since the start.
  virtual uint64_t StorageErrors() const = 0;
};

}  // namespace pointsman::engine
