// What a replay needs from a router, wherever it runs: the engine in this process, a server over gRPC, or a
// test script. Errors are those of the router.
// Threads: one caller at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "domain/arm.h"
#include "engine/request/requests.h"

namespace pointsman::evaluation {

class RouterClient {
 public:
  virtual ~RouterClient() = default;
  // Creates a pool with exactly these settings and arms; kAlreadyExists if a pool of that name exists.
  virtual absl::Status PutPool(const std::string& name, const PoolSettings& settings,
                               const std::vector<Arm>& arms) = 0;
  virtual absl::StatusOr<engine::RouteOutput> Route(const engine::RouteInput& input) = 0;
  virtual absl::StatusOr<engine::FeedbackOutput> Feedback(const engine::FeedbackInput& input) = 0;
  virtual absl::Status PutArm(const std::string& pool, const Arm& arm) = 0;
  // Teaches known outcomes, chunk by chunk. `on_progress` (may be null) receives the number of queries sent.
  // Repeating the same plan and queries teaches nothing twice.
  virtual absl::StatusOr<engine::ImportOutput> Import(
      const engine::ImportPlan& /*plan*/, std::span<const engine::ImportedQuery> /*queries*/,
      const std::function<void(std::size_t)>& /*on_progress*/) {
    return absl::UnimplementedError("this router does not support imports");
  }
  // kNotFound if there is no such pool.
  virtual absl::Status DeletePool(const std::string& name) = 0;
  // Ends a round of this length. Only a router whose clock the replay controls can follow.
  virtual absl::Status EndRound(Micros /*length*/) { return absl::OkStatus(); }
};

// A client for the run of one seed.
using RouterClientFactory =
    std::function<absl::StatusOr<std::unique_ptr<RouterClient>>(uint64_t seed)>;

}  // namespace pointsman::evaluation
