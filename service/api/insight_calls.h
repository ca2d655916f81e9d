// The handlers of pointsman.v1.Insight, the same for every door.
// A handler gets a call that has entered, and finishes it. The caller keeps `call` until the handler returns.
//   Request and response belong to the call.
// Threads: any; results arrive on the engine's threads.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "pointsman/v1/insight.pb.h"
#include "service/api/call.h"
#include "service/api/engine_slot.h"

namespace pointsman::service {

// What GetServer says of the server beside its engine.
struct ServerFacts {
  std::string version;
  std::string data_dir;
  Micros started_at = 0;
};

class InsightCalls {
 public:
  InsightCalls(const EngineSlot& engine, ServerFacts facts, const Clock& clock)
      : engine_(engine), facts_(std::move(facts)), clock_(clock) {}

  void GetServer(const CallPtr& call, const v1::GetServerRequest& request,
                 v1::GetServerResponse& response);
  void GetHistory(const CallPtr& call, const v1::GetHistoryRequest& request,
                  v1::GetHistoryResponse& response);
  void ListDecisions(const CallPtr& call, const v1::ListDecisionsRequest& request,
                     v1::ListDecisionsResponse& response);
  void TryPreferences(const CallPtr& call, const v1::TryPreferencesRequest& request,
                      v1::TryPreferencesResponse& response);
  void TryQuery(const CallPtr& call, const v1::TryQueryRequest& request,
                v1::TryQueryResponse& response);
  void ListQueryGroups(const CallPtr& call, const v1::ListQueryGroupsRequest& request,
                       v1::ListQueryGroupsResponse& response);
  void ComparePolicies(const CallPtr& call, const v1::ComparePoliciesRequest& request,
                       v1::ComparePoliciesResponse& response);
  void RecomputeDecision(const CallPtr& call, const v1::RecomputeDecisionRequest& request,
                         v1::RecomputeDecisionResponse& response);

 private:
  const EngineSlot& engine_;
  const ServerFacts facts_;
  const Clock& clock_;
};

}  // namespace pointsman::service
