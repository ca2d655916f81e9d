#include "tools/grpc_client.h"

#include <grpc/support/time.h>

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/engine/requests.h"

namespace pointsman {
namespace {

// gRPC's own clock: a deadline is its matter.
gpr_timespec After(int64_t ms) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // gRPC would wait up to two minutes before it tries a restarted server again.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status converted(static_cast<absl::StatusCode>(status.error_code()),
                         status.error_message());
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

GrpcClient::GrpcClient(GrpcOptions options)
    : options_(std::move(options)),
      channel_(MakeChannel(options_.server)),
      router_(v1::Router::NewStub(channel_)),
      admin_(v1::Admin::NewStub(channel_)) {}

template <class Response, class Stub, class Method, class Request>
absl::StatusOr<Response> GrpcClient::Call(Stub& stub, Method method, const Request& request) {
  return Tried<Response>([&](Response& response) {
    grpc::ClientContext context;
    context.set_deadline(After(options_.deadline_ms));
    return (stub.*method)(&context, request, &response);
  });
}

template <class Response, class Attempt>
absl::StatusOr<Response> GrpcClient::Tried(const Attempt& attempt) {
  is_called_ = true;
  const gpr_timespec give_up = After(options_.retry_for_ms);
  while (true) {
    Response response;
    const grpc::Status status = attempt(response);
    if (status.ok()) return response;
    const bool is_gone = status.error_code() == grpc::StatusCode::UNAVAILABLE;
    if (!is_gone || gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), give_up) >= 0) {
      return FromGrpc(status);
    }
    gpr_sleep_until(After(options_.retry_every_ms));
  }
}

absl::StatusOr<v1::RouteResponse> GrpcClient::Route(const v1::RouteRequest& request) {
  return Call<v1::RouteResponse>(*router_, &v1::Router::Stub::Route, request);
}
absl::StatusOr<v1::FeedbackResponse> GrpcClient::Feedback(const v1::FeedbackRequest& request) {
  return Call<v1::FeedbackResponse>(*router_, &v1::Router::Stub::Feedback, request);
}
absl::StatusOr<v1::PutPoolResponse> GrpcClient::PutPool(const v1::PutPoolRequest& request) {
  return Call<v1::PutPoolResponse>(*admin_, &v1::Admin::Stub::PutPool, request);
}
absl::StatusOr<v1::GetPoolResponse> GrpcClient::GetPool(const v1::GetPoolRequest& request) {
  return Call<v1::GetPoolResponse>(*admin_, &v1::Admin::Stub::GetPool, request);
}
absl::StatusOr<v1::ListPoolsResponse> GrpcClient::ListPools(const v1::ListPoolsRequest& request) {
  return Call<v1::ListPoolsResponse>(*admin_, &v1::Admin::Stub::ListPools, request);
}
absl::StatusOr<v1::DeletePoolResponse> GrpcClient::DeletePool(
    const v1::DeletePoolRequest& request) {
  return Call<v1::DeletePoolResponse>(*admin_, &v1::Admin::Stub::DeletePool, request);
}
absl::StatusOr<v1::PutArmResponse> GrpcClient::PutArm(const v1::PutArmRequest& request) {
  return Call<v1::PutArmResponse>(*admin_, &v1::Admin::Stub::PutArm, request);
}
absl::StatusOr<v1::RemoveArmResponse> GrpcClient::RemoveArm(const v1::RemoveArmRequest& request) {
  return Call<v1::RemoveArmResponse>(*admin_, &v1::Admin::Stub::RemoveArm, request);
}
absl::StatusOr<v1::ImportOutcomesResponse> GrpcClient::ImportOutcomes(
    const v1::ImportStart& start, std::size_t chunks,
    const std::function<v1::ImportChunk(std::size_t)>& chunk_of) {
  const auto deadline_ms = options_.deadline_ms * (static_cast<int64_t>(chunks) + 1);
  return Tried<v1::ImportOutcomesResponse>([&](v1::ImportOutcomesResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(After(deadline_ms));
    const auto writer = admin_->ImportOutcomes(&context, &response);
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
absl::StatusOr<v1::GetStatsResponse> GrpcClient::GetStats(const v1::GetStatsRequest& request) {
  return Call<v1::GetStatsResponse>(*admin_, &v1::Admin::Stub::GetStats, request);
}
absl::StatusOr<v1::ExplainResponse> GrpcClient::Explain(const v1::ExplainRequest& request) {
  return Call<v1::ExplainResponse>(*admin_, &v1::Admin::Stub::Explain, request);
}

absl::StatusOr<v1::ListArmsResponse> GrpcClient::ListArms(const v1::ListArmsRequest& request) {
  v1::ListArmsRequest page = request;
  v1::ListArmsResponse all;
  while (true) {
    ASSIGN_OR_RETURN(const v1::ListArmsResponse response,
                     Call<v1::ListArmsResponse>(*admin_, &v1::Admin::Stub::ListArms, page));
    all.mutable_arms()->MergeFrom(response.arms());
    if (response.next_page_token().empty()) return all;
    if (response.next_page_token() == page.page_token()) {
      return absl::InternalError("the server names the same page of arms twice");
    }
    page.set_page_token(response.next_page_token());
  }
}

}  // namespace pointsman
