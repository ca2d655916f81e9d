// pointsman.v1.Insight on gRPC's callback API; service/api/insight_calls.h has the handlers.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include "pointsman/v1/insight.grpc.pb.h"
#include "service/access/admission.h"
#include "service/api/insight_calls.h"
#include "service/grpc/unary.h"

namespace pointsman::service {

class InsightService final : public v1::Insight::CallbackService {
 public:
  InsightService(InsightCalls& calls, Admission& admission)
      : calls_(calls), admission_(admission) {}

  grpc::ServerUnaryReactor* GetServer(grpc::CallbackServerContext* context,
                                      const v1::GetServerRequest* request,
                                      v1::GetServerResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::GetServer, *request, *response);
  }
  grpc::ServerUnaryReactor* GetHistory(grpc::CallbackServerContext* context,
                                       const v1::GetHistoryRequest* request,
                                       v1::GetHistoryResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::GetHistory, *request, *response);
  }
  grpc::ServerUnaryReactor* ListDecisions(grpc::CallbackServerContext* context,
                                          const v1::ListDecisionsRequest* request,
                                          v1::ListDecisionsResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::ListDecisions, *request, *response);
  }
  grpc::ServerUnaryReactor* TryPreferences(grpc::CallbackServerContext* context,
                                           const v1::TryPreferencesRequest* request,
                                           v1::TryPreferencesResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::TryPreferences, *request, *response);
  }
  grpc::ServerUnaryReactor* TryQuery(grpc::CallbackServerContext* context,
                                     const v1::TryQueryRequest* request,
                                     v1::TryQueryResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::TryQuery, *request, *response);
  }
  grpc::ServerUnaryReactor* ListQueryGroups(grpc::CallbackServerContext* context,
                                            const v1::ListQueryGroupsRequest* request,
                                            v1::ListQueryGroupsResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::ListQueryGroups, *request, *response);
  }
  grpc::ServerUnaryReactor* ComparePolicies(grpc::CallbackServerContext* context,
                                            const v1::ComparePoliciesRequest* request,
                                            v1::ComparePoliciesResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::ComparePolicies, *request, *response);
  }
  grpc::ServerUnaryReactor* RecomputeDecision(grpc::CallbackServerContext* context,
                                              const v1::RecomputeDecisionRequest* request,
                                              v1::RecomputeDecisionResponse* response) override {
    return Serve(*context, admission_, calls_, &InsightCalls::RecomputeDecision, *request,
                 *response);
  }

 private:
  InsightCalls& calls_;
  Admission& admission_;
};

}  // namespace pointsman::service
