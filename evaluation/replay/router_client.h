// What a replay needs of a router, wherever it runs: the engine in process, a server by gRPC, or a
// script of a test. Errors are those of the router.
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

namespace pointsman {

class RouterClient {
 public:
  virtual ~RouterClient() = default;
  // Makes a pool with these settings, every one of them, and these arms; kAlreadyExists if there is
  // one of that name.
  virtual absl::Status PutPool(const std::string& name, const PoolSettings& settings,
                               const std::vector<Arm>& arms) = 0;
  virtual absl::StatusOr<RouteOutput> Route(const RouteInput& input) = 0;
  virtual absl::StatusOr<FeedbackOutput> Feedback(const FeedbackInput& input) = 0;
  virtual absl::Status PutArm(const std::string& pool, const Arm& arm) = 0;
  // Teaches outcomes that are known already, chunk by chunk; `on_progress` (may be null) is told
  // how many queries have gone. The same plan and queries again teach nothing twice.
  virtual absl::StatusOr<ImportOutput> Import(
      const ImportPlan& /*plan*/, std::span<const ImportedQuery> /*queries*/,
      const std::function<void(std::size_t)>& /*on_progress*/) {
    return absl::UnimplementedError("this router takes no imports");
  }
  // kNotFound if there is no such pool.
  virtual absl::Status DeletePool(const std::string& name) = 0;
  // A round of this length is over. Only a router whose clock is ours can follow.
  virtual absl::Status EndRound(Micros /*length*/) { return absl::OkStatus(); }
};

// A client for the run of one seed.
using RouterClientFactory =
    std::function<absl::StatusOr<std::unique_ptr<RouterClient>>(uint64_t seed)>;

}  // namespace pointsman
