// Route, from a request to a recorded decision: one read of each pool's published state, Decide, and one write
// for all queries that were requested together.
// Errors: those of Engine::Route. A decision that cannot be recorded is answered with `logged` false.
// Threads: any.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "domain/live_limits.h"
#include "engine/maintain/write_health.h"
#include "engine/pool/pool_table.h"
#include "engine/request/requests.h"
#include "engine/route/decide.h"
#include "engine/route/decision_ids.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// A validated query and its pool. If the pool's embedder is remote, the query still needs its vector.
struct PreparedQuery {
  RouteInput input;
  std::shared_ptr<PoolRuntime> pool;

  bool waits_for_vector() const {
    return pool->encoder().remote() != nullptr && !input.embedded && !input.query.empty();
  }
};

class Routing {
 public:
  // Gets decisions that were just recorded.
  using OnRecorded = std::function<void(std::span<const Decision>)>;

  Routing(const LiveLimits& limits, storage::Storage& storage, const PoolTable& pools,
          DecisionIds& ids, const Clock& clock, WriteHealth& health, OnRecorded on_recorded)
      : limits_(limits),
        storage_(storage),
        pools_(pools),
        ids_(ids),
        clock_(clock),
        health_(health),
        on_recorded_(std::move(on_recorded)),
        preview_ids_(storage.log->secret()) {}

  // Errors: for a request that is invalid or names no pool.
  absl::StatusOr<PreparedQuery> Prepare(RouteInput input) const;
  // Independent decisions over one snapshot of each pool, in order. If a library throws, all results are
  // kInternal.
  std::vector<absl::StatusOr<RouteOutput>> Route(std::span<const PreparedQuery> queries);

 private:
  // The states that one call uses. Each pool's state is taken once.
  using Pinned = std::map<const PoolRuntime*, std::shared_ptr<const learners::LearnedState>>;
  // A decision with an id that the server assigned, not yet recorded.
  struct Made {
    std::size_t query = 0;
    PoolRuntime* pool = nullptr;
    std::shared_ptr<const learners::LearnedState> state;
    Decided decided;  // `decision` is moved out when decisions are gathered
  };

  std::vector<absl::StatusOr<RouteOutput>> RouteTogether(std::span<const PreparedQuery> queries);
  absl::StatusOr<Made> MakeFresh(const PreparedQuery& query, Pinned& pinned);
  // Decides under the caller's own id. A decision with that id may already exist.
  absl::StatusOr<RouteOutput> RouteNamed(const PreparedQuery& query, Pinned& pinned);
  // Decides as RouteNamed would now, and keeps nothing.
  absl::StatusOr<RouteOutput> Preview(const PreparedQuery& query, Pinned& pinned);
  std::vector<bool> Record(const std::vector<Decision>& decisions);
  absl::Status Put(const Decision& decision);
  bool HasExpired(const Decision& decision) const;

  const LiveLimits& limits_;
  storage::Storage& storage_;
  const PoolTable& pools_;
  DecisionIds& ids_;
  const Clock& clock_;
  WriteHealth& health_;
  const OnRecorded on_recorded_;
  // Previews have ids of their own, so that they use up no decision ids.
  DecisionIds preview_ids_;
  std::array<Mutex, 64> duplicates_;
};

}  // namespace pointsman::engine
