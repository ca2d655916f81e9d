#include "tools/grpc_client.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/requests.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "pointsman/v1/router.grpc.pb.h"

namespace pointsman::tools {
namespace {

// Uses gRPC's own clock, since gRPC enforces the deadline.
gpr_timespec After(int64_t ms) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const GrpcOptions& options) {
  if (!options.is_tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({options.ca_pem, options.key_pem, options.certificate_pem});
}

std::shared_ptr<grpc::Channel> MakeChannel(const GrpcOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // By default gRPC waits up to two minutes before it reconnects to a restarted server.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(options.server, CredentialsOf(options), arguments);
}

// With the reason and field of its google.rpc details.
absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status converted(static_cast<absl::StatusCode>(status.error_code()),
                         status.error_message());
  // This client never cancels: the server shut down during the call.
  if (absl::IsCancelled(converted)) {
    return WithReason(absl::UnavailableError("the server is stopping and cancelled the call"),
                      reason::kStopping);
  }
  // A call that is rejected before its message is read has no details.
  if (absl::IsUnauthenticated(converted)) converted = WithReason(converted, reason::kToken);
  if (absl::IsPermissionDenied(converted)) converted = WithReason(converted, reason::kForbidden);
  google::rpc::Status rich;
  if (status.error_details().empty() || !rich.ParseFromString(status.error_details())) {
    return converted;
  }
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad;
  std::string field;
  for (const auto& detail : rich.details()) {
    if (detail.Is<google::rpc::ErrorInfo>() && !detail.UnpackTo(&info)) info.Clear();
    if (detail.Is<google::rpc::BadRequest>() && detail.UnpackTo(&bad) &&
        bad.field_violations_size() > 0) {
      field = bad.field_violations(0).field();
    }
  }
  if (info.reason().empty()) return converted;
  return WithReason(std::move(converted), info.reason(), field);
}

}  // namespace

struct GrpcClient::Stubs {
  explicit Stubs(const GrpcOptions& options)
      : channel(MakeChannel(options)),
        router(v1::Router::NewStub(channel)),
        admin(v1::Admin::NewStub(channel)) {}

  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::Router::Stub> router;
  const std::unique_ptr<v1::Admin::Stub> admin;
};

GrpcClient::GrpcClient(GrpcOptions options)
    : options_(std::move(options)), stubs_(std::make_unique<Stubs>(options_)) {}
GrpcClient::~GrpcClient() = default;

void GrpcClient::Prepare(grpc::ClientContext& context, int64_t deadline_ms, bool waits) const {
  context.set_deadline(After(deadline_ms));
  if (waits) context.set_wait_for_ready(true);
  // Not as call credentials: gRPC sends those only over TLS, and a proxy may terminate TLS before the server.
  if (!options_.token.empty()) context.AddMetadata("authorization", "Bearer " + options_.token);
}

template <class Response, class Stub, class Method, class Request>
absl::StatusOr<Response> GrpcClient::Call(Stub& stub, Method method, const Request& request) {
  return Tried<Response>([&](Response& response, bool waits) {
    grpc::ClientContext context;
    Prepare(context, options_.deadline_ms, waits);
    return (stub.*method)(&context, request, &response);
  });
}

template <class Response, class Attempt>
absl::StatusOr<Response> GrpcClient::Tried(const Attempt& attempt) {
  is_called_ = true;
  const gpr_timespec give_up = After(options_.retry_for_ms);
  absl::Status gone;  // the last kUnavailable
  while (true) {
    Response response;
    // Only a waiting call drives the new connection; otherwise gRPC checks every five seconds.
    const absl::Status status = FromGrpc(attempt(response, /*waits=*/!gone.ok()));
    if (status.ok()) return response;
    const bool is_waiting = !gone.ok() && absl::IsDeadlineExceeded(status);
    if (absl::IsUnavailable(status)) gone = status;
    if (!absl::IsUnavailable(status) && !is_waiting) return status;
    if (gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), give_up) >= 0) return gone;
    gpr_sleep_until(After(options_.retry_every_ms));
  }
}

absl::StatusOr<v1::RouteResponse> GrpcClient::Route(const v1::RouteRequest& request) {
  return Call<v1::RouteResponse>(*stubs_->router, &v1::Router::Stub::Route, request);
}
absl::StatusOr<v1::FeedbackResponse> GrpcClient::Feedback(const v1::FeedbackRequest& request) {
  return Call<v1::FeedbackResponse>(*stubs_->router, &v1::Router::Stub::Feedback, request);
}
absl::StatusOr<v1::PutPoolResponse> GrpcClient::PutPool(const v1::PutPoolRequest& request) {
  return Call<v1::PutPoolResponse>(*stubs_->admin, &v1::Admin::Stub::PutPool, request);
}
absl::StatusOr<v1::GetPoolResponse> GrpcClient::GetPool(const v1::GetPoolRequest& request) {
  return Call<v1::GetPoolResponse>(*stubs_->admin, &v1::Admin::Stub::GetPool, request);
}
absl::StatusOr<v1::ListPoolsResponse> GrpcClient::ListPools(const v1::ListPoolsRequest& request) {
  return Call<v1::ListPoolsResponse>(*stubs_->admin, &v1::Admin::Stub::ListPools, request);
}
absl::StatusOr<v1::DeletePoolResponse> GrpcClient::DeletePool(
    const v1::DeletePoolRequest& request) {
  return Call<v1::DeletePoolResponse>(*stubs_->admin, &v1::Admin::Stub::DeletePool, request);
}
absl::StatusOr<v1::PutArmResponse> GrpcClient::PutArm(const v1::PutArmRequest& request) {
  return Call<v1::PutArmResponse>(*stubs_->admin, &v1::Admin::Stub::PutArm, request);
}
absl::StatusOr<v1::RemoveArmResponse> GrpcClient::RemoveArm(const v1::RemoveArmRequest& request) {
  return Call<v1::RemoveArmResponse>(*stubs_->admin, &v1::Admin::Stub::RemoveArm, request);
}
absl::StatusOr<v1::ImportOutcomesResponse> GrpcClient::ImportOutcomes(
    const v1::ImportStart& start, std::size_t chunks,
    const std::function<v1::ImportChunk(std::size_t)>& chunk_of) {
  const auto deadline_ms = options_.deadline_ms * (static_cast<int64_t>(chunks) + 1);
  return Tried<v1::ImportOutcomesResponse>([&](v1::ImportOutcomesResponse& response, bool waits) {
    grpc::ClientContext context;
    Prepare(context, deadline_ms, waits);
    const auto writer = stubs_->admin->ImportOutcomes(&context, &response);
    v1::ImportOutcomesRequest message;
    *message.mutable_start() = start;
    bool is_open = writer->Write(message);
    for (std::size_t i = 0; is_open && i < chunks; ++i) {
      *message.mutable_chunk() = chunk_of(i);
      is_open = writer->Write(message);
    }
    writer->WritesDone();
    return writer->Finish();
  });
}
absl::StatusOr<v1::UndoImportResponse> GrpcClient::UndoImport(
    const v1::UndoImportRequest& request) {
  return Call<v1::UndoImportResponse>(*stubs_->admin, &v1::Admin::Stub::UndoImport, request);
}
absl::StatusOr<v1::GetStatsResponse> GrpcClient::GetStats(const v1::GetStatsRequest& request) {
  return Call<v1::GetStatsResponse>(*stubs_->admin, &v1::Admin::Stub::GetStats, request);
}
absl::StatusOr<v1::ListOutcomesResponse> GrpcClient::ListOutcomes(
    const v1::ListOutcomesRequest& request) {
  return Call<v1::ListOutcomesResponse>(*stubs_->admin, &v1::Admin::Stub::ListOutcomes, request);
}
absl::StatusOr<v1::ExplainResponse> GrpcClient::Explain(const v1::ExplainRequest& request) {
  return Call<v1::ExplainResponse>(*stubs_->admin, &v1::Admin::Stub::Explain, request);
}

absl::StatusOr<v1::TryEmbedderResponse> GrpcClient::TryEmbedder(
    const v1::TryEmbedderRequest& request) {
  return Call<v1::TryEmbedderResponse>(*stubs_->admin, &v1::Admin::Stub::TryEmbedder, request);
}
absl::StatusOr<v1::BackupResponse> GrpcClient::Backup(const v1::BackupRequest& request) {
  return Call<v1::BackupResponse>(*stubs_->admin, &v1::Admin::Stub::Backup, request);
}

absl::StatusOr<v1::ListArmsResponse> GrpcClient::ListArms(const v1::ListArmsRequest& request) {
  v1::ListArmsRequest page = request;
  v1::ListArmsResponse all;
  while (true) {
    ASSIGN_OR_RETURN(const v1::ListArmsResponse response,
                     Call<v1::ListArmsResponse>(*stubs_->admin, &v1::Admin::Stub::ListArms, page));
    all.mutable_arms()->MergeFrom(response.arms());
    if (response.next_page_token().empty()) return all;
    if (response.next_page_token() == page.page_token()) {
      return absl::InternalError("the server returned the same page of arms twice");
    }
    page.set_page_token(response.next_page_token());
  }
}

}  // namespace pointsman::tools
