// A running server as a router for replays: the same calls over gRPC. A call that finds no server is retried
// for a minute with the same ids, so restarting the server during a replay changes nothing.
// Errors: those of the server; also kUnavailable if a decision could not be logged, since its feedback would
//   be lost.
// Threads: one caller at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "evaluation/replay/router_client.h"
#include "tools/grpc_client.h"

namespace pointsman::tools {

constexpr int64_t kReplayRetryMs = 60000;

class GrpcRouter final : public evaluation::RouterClient {
 public:
  explicit GrpcRouter(GrpcOptions options) : client_(std::move(options)) {}

  absl::Status PutPool(const std::string& name, const PoolSettings& settings,
                       const std::vector<Arm>& arms) override;
  absl::StatusOr<engine::RouteOutput> Route(const engine::RouteInput& input) override;
  absl::StatusOr<engine::FeedbackOutput> Feedback(const engine::FeedbackInput& input) override;
  absl::Status PutArm(const std::string& pool, const Arm& arm) override;
  absl::StatusOr<engine::ImportOutput> Import(
      const engine::ImportPlan& plan, std::span<const engine::ImportedQuery> queries,
      const std::function<void(std::size_t)>& on_progress) override;
  absl::Status DeletePool(const std::string& name) override;

 private:
  GrpcClient client_;
};

evaluation::RouterClientFactory GrpcFactory(GrpcOptions options);

v1::Preference ToMessage(const Preference& preference);

}  // namespace pointsman::tools
