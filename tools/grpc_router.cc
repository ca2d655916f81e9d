#include "tools/grpc_router.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/outcome_fields.h"
#include "evaluation/replay/warm_start.h"
#include "service/api/convert.h"

namespace pointsman::tools {

v1::Preference ToMessage(const Preference& preference) {
  v1::Preference message;
  message.set_quality(preference.quality);
  message.set_cost(preference.cost);
  message.set_latency(preference.latency);
  return message;
}

absl::Status GrpcRouter::PutPool(const std::string& name, const PoolSettings& settings,
                                 const std::vector<Arm>& arms) {
  v1::PutPoolRequest request;
  request.set_name(name);
  *request.mutable_settings() = service::ToProto(settings);
  for (const Arm& arm : arms) *request.add_arms() = service::ToProto(arm);
  // Not create_only: a retry must not fail if the response to the first call was lost.
  return client_.PutPool(request).status();
}

absl::StatusOr<engine::RouteOutput> GrpcRouter::Route(const engine::RouteInput& input) {
  v1::RouteRequest request;
  request.set_pool(input.pool);
  request.set_query(input.query);
  request.set_decision_id(input.decision_id);
  if (input.preference) *request.mutable_preference() = ToMessage(*input.preference);
  ASSIGN_OR_RETURN(const v1::RouteResponse response, client_.Route(request));
  if (!response.logged()) {
    return absl::UnavailableError(
        "the server made a decision but could not record it, so its outcome cannot be learned; "
        "check the server's disk and log");
  }
  engine::RouteOutput output;
  output.decision_id = response.decision_id();
  output.arm = response.arm();
  output.propensity = response.propensity();
  output.inclusion = response.inclusion();
  output.snapshot_version = response.snapshot_version();
  output.logged = response.logged();
  output.embedder_fallback = response.embedder_fallback();
  return output;
}

absl::StatusOr<engine::FeedbackOutput> GrpcRouter::Feedback(const engine::FeedbackInput& input) {
  v1::FeedbackRequest request;
  request.set_pool(input.pool);
  request.set_decision_id(input.decision_id);
  FillOutcome(input.outcome, request);
  ASSIGN_OR_RETURN(const v1::FeedbackResponse response, client_.Feedback(request));
  return engine::FeedbackOutput{static_cast<engine::FeedbackResult>(response.result()),
                                response.sequence(),
                                {response.notes().begin(), response.notes().end()}};
}

absl::Status GrpcRouter::PutArm(const std::string& pool, const Arm& arm) {
  v1::PutArmRequest request;
  request.set_pool(pool);
  *request.mutable_arm() = service::ToProto(arm);
  return client_.PutArm(request).status();
}

absl::StatusOr<engine::ImportOutput> GrpcRouter::Import(
    const engine::ImportPlan& plan, std::span<const engine::ImportedQuery> queries,
    const std::function<void(std::size_t)>& on_progress) {
  const auto chunks = evaluation::InChunks(queries, Limits{});
  std::size_t gone = 0;
  const auto chunk_of = [&](std::size_t i) {
    v1::ImportChunk chunk;
    for (const engine::ImportedQuery& query : chunks[i])
      *chunk.add_queries() = service::ToProto(query);
    gone = (i == 0 ? 0 : gone) + chunks[i].size();
    if (on_progress) on_progress(gone);
    return chunk;
  };
  ASSIGN_OR_RETURN(const v1::ImportOutcomesResponse response,
                   client_.ImportOutcomes(service::ToProto(plan), chunks.size(), chunk_of));
  return service::FromProto(response);
}

absl::Status GrpcRouter::DeletePool(const std::string& name) {
  v1::DeletePoolRequest request;
  request.set_name(name);
  return client_.DeletePool(request).status();
}

evaluation::RouterClientFactory GrpcFactory(GrpcOptions options) {
  return [options = std::move(options)](
             uint64_t /*seed*/) -> absl::StatusOr<std::unique_ptr<evaluation::RouterClient>> {
    return std::unique_ptr<evaluation::RouterClient>(std::make_unique<GrpcRouter>(options));
  };
}

}  // namespace pointsman::tools
