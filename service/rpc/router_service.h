// pointsman.v1.Router by the callback API: Route goes through a queue that decides together what comes
// together (pure CPU and one unsynced write), RouteBatch runs inline,
// Feedback finishes from the log writer's completion; no handler waits for a disk.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include "pointsman/v1/router.grpc.pb.h"
#include "service/rpc/engine_slot.h"
#include "service/metrics.h"
#include "service/rpc/door.h"
#include "service/rpc/route_queue.h"

namespace pointsman {

class RouterService final : public v1::Router::CallbackService {
 public:
  RouterService(const EngineSlot& engine, Door& door)
      : engine_(engine), door_(door), metrics_(door.metrics()), queue_(engine, metrics_) {}

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
  // The answer of each input goes into `answers` in its place.
  void AnswerBatch(const std::vector<RouteInput>& inputs,
                   const std::vector<v1::RouteBatchResponse::Item*>& answers);

  const EngineSlot& engine_;
  Door& door_;
  Metrics& metrics_;
  RouteQueue queue_;
};

}  // namespace pointsman
