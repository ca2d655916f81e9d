// pointsman.v1.Router on gRPC's callback API; service/api/router_calls.h has the handlers.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <utility>

#include "pointsman/v1/router.grpc.pb.h"
#include "service/access/admission.h"
#include "service/api/router_calls.h"
#include "service/grpc/item_stream.h"
#include "service/grpc/unary.h"

namespace pointsman::service {

class RouterService final : public v1::Router::CallbackService {
 public:
  RouterService(RouterCalls& calls, Admission& admission) : calls_(calls), admission_(admission) {}

  grpc::ServerUnaryReactor* Route(grpc::CallbackServerContext* context,
                                  const v1::RouteRequest* request,
                                  v1::RouteResponse* response) override {
    return Serve(*context, admission_, calls_, &RouterCalls::Route, *request, *response);
  }
  grpc::ServerUnaryReactor* RouteBatch(grpc::CallbackServerContext* context,
                                       const v1::RouteBatchRequest* request,
                                       v1::RouteBatchResponse* response) override {
    return Serve(*context, admission_, calls_, &RouterCalls::RouteBatch, *request, *response);
  }
  grpc::ServerUnaryReactor* Feedback(grpc::CallbackServerContext* context,
                                     const v1::FeedbackRequest* request,
                                     v1::FeedbackResponse* response) override {
    return Serve(*context, admission_, calls_, &RouterCalls::Feedback, *request, *response);
  }
  grpc::ServerUnaryReactor* FeedbackBatch(grpc::CallbackServerContext* context,
                                          const v1::FeedbackBatchRequest* request,
                                          v1::FeedbackBatchResponse* response) override {
    return Serve(*context, admission_, calls_, &RouterCalls::FeedbackBatch, *request, *response);
  }
  grpc::ServerBidiReactor<v1::RouteStreamRequest, v1::RouteStreamResponse>* RouteStream(
      grpc::CallbackServerContext* context) override {
    return new ItemStream<v1::RouteStreamRequest, v1::RouteStreamResponse>(
        *context, admission_, [this](auto calls) { calls_.RouteEach(std::move(calls)); });
  }
  grpc::ServerBidiReactor<v1::FeedbackStreamRequest, v1::FeedbackStreamResponse>* FeedbackStream(
      grpc::CallbackServerContext* context) override {
    return new ItemStream<v1::FeedbackStreamRequest, v1::FeedbackStreamResponse>(
        *context, admission_, [this](auto calls) { calls_.FeedbackEach(calls); });
  }

 private:
  RouterCalls& calls_;
  Admission& admission_;
};

}  // namespace pointsman::service
