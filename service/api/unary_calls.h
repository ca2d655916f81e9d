// All unary methods of the contract with their handlers. A door that is not generated from the protos serves
// what is listed here; a test compares it with the table of methods (service/access/methods.h).
// Threads: pure.
#pragma once

#include "service/api/admin_calls.h"
#include "service/api/insight_calls.h"
#include "service/api/router_calls.h"

namespace pointsman::service {

// Calls `visit` with a pointer to each handler, and with the set that has it.
template <class Visit>
void ForEachUnaryCall(RouterCalls& router, AdminCalls& admin, InsightCalls& insight, Visit visit) {
  visit(router, &RouterCalls::Route);
  visit(router, &RouterCalls::RouteBatch);
  visit(router, &RouterCalls::Feedback);
  visit(router, &RouterCalls::FeedbackBatch);
  visit(admin, &AdminCalls::PutPool);
  visit(admin, &AdminCalls::GetPool);
  visit(admin, &AdminCalls::ListPools);
  visit(admin, &AdminCalls::DeletePool);
  visit(admin, &AdminCalls::PutArm);
  visit(admin, &AdminCalls::ListArms);
  visit(admin, &AdminCalls::RemoveArm);
  visit(admin, &AdminCalls::UndoImport);
  visit(admin, &AdminCalls::ListOutcomes);
  visit(admin, &AdminCalls::GetStats);
  visit(admin, &AdminCalls::MeasureRecall);
  visit(admin, &AdminCalls::TryEmbedder);
  visit(admin, &AdminCalls::Explain);
  visit(admin, &AdminCalls::Backup);
  visit(insight, &InsightCalls::GetServer);
  visit(insight, &InsightCalls::GetHistory);
  visit(insight, &InsightCalls::ListDecisions);
  visit(insight, &InsightCalls::TryPreferences);
  visit(insight, &InsightCalls::TryQuery);
  visit(insight, &InsightCalls::ListQueryGroups);
  visit(insight, &InsightCalls::ComparePolicies);
  visit(insight, &InsightCalls::RecomputeDecision);
}

}  // namespace pointsman::service
