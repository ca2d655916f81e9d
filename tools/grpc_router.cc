#include "tools/grpc_router.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "domain/outcome_fields.h"
#include "evaluation/replay/warm_start.h"
#include "service/api/convert.h"

namespace pointsman {

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
  *request.mutable_settings() = ToProto(settings);
  for (const Arm& arm : arms) *request.add_arms() = ToProto(arm);
  // Not create_only: a retry must not fail if the response to the first call was lost.
  return client_.PutPool(request).status();
}

absl::StatusOr<RouteOutput> GrpcRouter::Route(const RouteInput& input) {
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
  RouteOutput output;
  output.decision_id = response.decision_id();
  output.arm = response.arm();
  output.propensity = response.propensity();
  output.snapshot_version = response.snapshot_version();
  output.logged = response.logged();
  output.embedder_fallback = response.embedder_fallback();
  return output;
}

absl::StatusOr<FeedbackOutput> GrpcRouter::Feedback(const FeedbackInput& input) {
  v1::FeedbackRequest request;
  request.set_pool(input.pool);
  request.set_decision_id(input.decision_id);
  FillOutcome(input.outcome, request);
  ASSIGN_OR_RETURN(const v1::FeedbackResponse response, client_.Feedback(request));
  return FeedbackOutput{static_cast<FeedbackResult>(response.result()),
                        response.sequence(),
                        {response.notes().begin(), response.notes().end()}};
}

absl::Status GrpcRouter::PutArm(const std::string& pool, const Arm& arm) {
  v1::PutArmRequest request;
  request.set_pool(pool);
  *request.mutable_arm() = ToProto(arm);
  return client_.PutArm(request).status();
}

absl::StatusOr<ImportOutput> GrpcRouter::Import(
    const ImportPlan& plan, std::span<const ImportedQuery> queries,
    const std::function<void(std::size_t)>& on_progress) {
  const auto chunks = InChunks(queries, Limits{});
  std::size_t gone = 0;
  const auto chunk_of = [&](std::size_t i) {
    v1::ImportChunk chunk;
    for (const ImportedQuery& query : chunks[i]) *chunk.add_queries() = ToProto(query);
    gone = (i == 0 ? 0 : gone) + chunks[i].size();
    if (on_progress) on_progress(gone);
    return chunk;
  };
  ASSIGN_OR_RETURN(const v1::ImportOutcomesResponse response,
                   client_.ImportOutcomes(ToProto(plan), chunks.size(), chunk_of));
  return FromProto(response);
}

absl::Status GrpcRouter::DeletePool(const std::string& name) {
  v1::DeletePoolRequest request;
  request.set_name(name);
  return client_.DeletePool(request).status();
}

RouterClientFactory GrpcFactory(GrpcOptions options) {
  return [options = std::move(options)](
             uint64_t /*seed*/) -> absl::StatusOr<std::unique_ptr<RouterClient>> {
    return std::unique_ptr<RouterClient>(std::make_unique<GrpcRouter>(options));
  };
}

}  // namespace pointsman
