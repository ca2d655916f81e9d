// The handlers of pointsman.v1.Router, the same for every door: decode the request, pass it to the engine, and
// encode the result in a callback. No handler waits for a disk.
// A handler gets a call that has entered, and finishes it. The caller keeps `call` until the handler returns,
//   since the engine may end with the last call. Request and response belong to the call.
// Threads: any; results arrive on the engine's threads.
#pragma once

#include <vector>

#include "engine/request/requests.h"
#include "pointsman/v1/router.pb.h"
#include "service/access/admission.h"
#include "service/api/call.h"
#include "service/api/engine_slot.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

class RouterCalls {
 public:
  RouterCalls(const EngineSlot& engine, Metrics& metrics) : engine_(engine), metrics_(metrics) {}

  void Route(const CallPtr& call, const v1::RouteRequest& request, v1::RouteResponse& response);
  void RouteBatch(const CallPtr& call, const v1::RouteBatchRequest& request,
                  v1::RouteBatchResponse& response);
  void Feedback(const CallPtr& call, const v1::FeedbackRequest& request,
                v1::FeedbackResponse& response);
  void FeedbackBatch(const CallPtr& call, const v1::FeedbackBatchRequest& request,
                     v1::FeedbackBatchResponse& response);

  // Calls that arrived together, each with its own result.
  void RouteEach(std::vector<CallItem<v1::RouteRequest, v1::RouteResponse>> calls);
  void FeedbackEach(const std::vector<CallItem<v1::FeedbackRequest, v1::FeedbackResponse>>& calls);

 private:
  // The response of a decision; `is_decision`: not a preview.
  void Fill(const engine::RouteOutput& output, bool is_decision, v1::RouteResponse& response);

  const EngineSlot& engine_;
  Metrics& metrics_;
};

}  // namespace pointsman::service
