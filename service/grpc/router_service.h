// pointsman.v1.Router on the callback API. Each handler admits and decodes the request, passes it to the
// engine, and encodes the result in a callback. No handler waits for a disk.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include "pointsman/v1/router.grpc.pb.h"
#include "service/access/admission.h"
#include "service/api/engine_slot.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

class RouterService final : public v1::Router::CallbackService {
 public:
  RouterService(const EngineSlot& engine, Admission& admission)
      : engine_(engine), admission_(admission), metrics_(admission.metrics()) {}

  grpc::ServerUnaryReactor* Route(grpc::CallbackServerContext* context,
                                  const v1::RouteRequest* request,
                                  v1::RouteResponse* response) override;
  grpc::ServerUnaryReactor* RouteBatch(grpc::CallbackServerContext* context,
                                       const v1::RouteBatchRequest* request,
                                       v1::RouteBatchResponse* response) override;
  grpc::ServerUnaryReactor* Feedback(grpc::CallbackServerContext* context,
                                     const v1::FeedbackRequest* request,
                                     v1::FeedbackResponse* response) override;
  grpc::ServerUnaryReactor* FeedbackBatch(grpc::CallbackServerContext* context,
                                          const v1::FeedbackBatchRequest* request,
                                          v1::FeedbackBatchResponse* response) override;

 private:
  const EngineSlot& engine_;
  Admission& admission_;
  Metrics& metrics_;
};

}  // namespace pointsman::service
