// The engine in this process as a router for replays: no network, no threads, a clock that moves only when a
// round ends, and writing and index building inside the call. So the same seed gives the same decisions, bit
// for bit.
// Operation: storage is in memory, with a secret derived from the seed, unless `open_storage` opens another.
//   With `restart_every_rounds` > 0, the engine is closed and opened again on what `open_storage` returns, in
//   the middle of the replay. With a durable storage this does not change the result.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/siphash.h"
#include "engine/engine.h"
#include "evaluation/replay/router_client.h"
#include "storage/api/storage.h"

namespace pointsman::evaluation {

struct InProcessOptions {
  Limits limits;
  std::function<absl::StatusOr<storage::Storage>(uint64_t seed)> open_storage;  // empty: memory
  std::size_t restart_every_rounds = 0;                                         // 0: never
};

// The secret of a replay's memory storage.
SipKey ReplaySecret(uint64_t seed);

class InProcessClient final : public RouterClient {
 public:
  static absl::StatusOr<std::unique_ptr<InProcessClient>> Open(InProcessOptions options,
                                                               uint64_t seed);

  absl::Status PutPool(const std::string& name, const PoolSettings& settings,
                       const std::vector<Arm>& arms) override;
  absl::StatusOr<engine::RouteOutput> Route(const engine::RouteInput& input) override;
  absl::StatusOr<engine::FeedbackOutput> Feedback(const engine::FeedbackInput& input) override;
  absl::Status PutArm(const std::string& pool, const Arm& arm) override;
  absl::StatusOr<engine::ImportOutput> Import(
      const engine::ImportPlan& plan, std::span<const engine::ImportedQuery> queries,
      const std::function<void(std::size_t)>& on_progress) override;
  absl::Status DeletePool(const std::string& name) override;
  absl::Status EndRound(Micros length) override;

  engine::Engine& engine() { return *engine_; }

 private:
  InProcessClient(InProcessOptions options, uint64_t seed);
  absl::Status OpenEngine();

  const InProcessOptions options_;
  const uint64_t seed_;
  ManualClock clock_;
  std::unique_ptr<engine::Engine> engine_;
  std::size_t rounds_ = 0;
};

RouterClientFactory InProcessFactory(InProcessOptions options);

}  // namespace pointsman::evaluation
