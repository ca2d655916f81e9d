#include "service/api/call_facts.h"

#include "base/sort_unique.h"

namespace pointsman::service {
namespace {

using enum MethodId;

CallFacts OfPool(MethodId method, std::string_view pool, std::string_view target = {}) {
  return {method, {PoolOrDefault(pool)}, target};
}

// An item may name its own pool; otherwise it uses the batch's.
template <class Batch>
CallFacts OfBatch(MethodId method, const Batch& batch) {
  CallFacts facts{method};
  for (const auto& item : batch.requests()) {
    facts.pools.push_back(PoolOrDefault(item.pool().empty() ? batch.pool() : item.pool()));
  }
  if (batch.requests().empty()) facts.pools.push_back(PoolOrDefault(batch.pool()));
  SortUnique(facts.pools);
  facts.items = batch.requests_size();
  return facts;
}

template <class Request>
CallFacts OfOne(MethodId method, const Request& request) {
  CallFacts facts = OfPool(method, request.pool());
  facts.items = 1;
  return facts;
}

}  // namespace

CallFacts FactsOf(const v1::RouteRequest& request) { return OfOne(kRoute, request); }
CallFacts FactsOf(const v1::RouteBatchRequest& request) { return OfBatch(kRouteBatch, request); }
CallFacts FactsOf(const v1::FeedbackRequest& request) { return OfOne(kFeedback, request); }
CallFacts FactsOf(const v1::FeedbackBatchRequest& request) {
  return OfBatch(kFeedbackBatch, request);
}

CallFacts FactsOf(const v1::PutPoolRequest& request) {
  CallFacts facts = OfPool(kPutPool, request.name());
  facts.is_dry_run = request.dry_run();
  if (facts.is_dry_run) facts.target = "dry run";
  return facts;
}
CallFacts FactsOf(const v1::GetPoolRequest& request) { return OfPool(kGetPool, request.name()); }
CallFacts FactsOf(const v1::ListPoolsRequest&) { return {kListPools}; }
CallFacts FactsOf(const v1::DeletePoolRequest& request) {
  return OfPool(kDeletePool, request.name());
}
CallFacts FactsOf(const v1::PutArmRequest& request) {
  return OfPool(kPutArm, request.pool(), request.arm().name());
}
CallFacts FactsOf(const v1::ListArmsRequest& request) { return OfPool(kListArms, request.pool()); }
CallFacts FactsOf(const v1::RemoveArmRequest& request) {
  return OfPool(kRemoveArm, request.pool(), request.arm());
}
CallFacts FactsOf(const v1::ImportStart& request) {
  return OfPool(kImportOutcomes, request.pool(), request.import_id());
}
CallFacts FactsOf(const v1::UndoImportRequest& request) {
  return OfPool(kUndoImport, request.pool(), request.import_id());
}
CallFacts FactsOf(const v1::ListOutcomesRequest& request) {
  return OfPool(kListOutcomes, request.pool());
}
CallFacts FactsOf(const v1::GetStatsRequest& request) { return OfPool(kGetStats, request.pool()); }
CallFacts FactsOf(const v1::ExplainRequest& request) {
  return OfPool(kExplain, request.pool(), request.decision_id());
}
CallFacts FactsOf(const v1::MeasureRecallRequest& request) {
  return OfPool(kMeasureRecall, request.pool());
}
CallFacts FactsOf(const v1::TryEmbedderRequest& request) {
  return {kTryEmbedder, {}, request.endpoint()};
}
CallFacts FactsOf(const v1::BackupRequest& request) { return {kBackup, {}, request.name()}; }

CallFacts FactsOf(const v1::GetServerRequest&) { return {kGetServer}; }
CallFacts FactsOf(const v1::GetHistoryRequest& request) {
  return OfPool(kGetHistory, request.pool());
}
CallFacts FactsOf(const v1::ListDecisionsRequest& request) {
  return OfPool(kListDecisions, request.pool(), request.arm());
}
CallFacts FactsOf(const v1::TryPreferencesRequest& request) {
  return OfPool(kTryPreferences, request.pool());
}
CallFacts FactsOf(const v1::TryQueryRequest& request) {
  return OfPool(kTryQuery, request.request().pool());
}
CallFacts FactsOf(const v1::ComparePoliciesRequest& request) {
  return OfPool(kComparePolicies, request.pool());
}
CallFacts FactsOf(const v1::RecomputeDecisionRequest& request) {
  return OfPool(kRecomputeDecision, request.pool(), request.decision_id());
}
CallFacts FactsOf(const v1::ListQueryGroupsRequest& request) {
  return OfPool(kListQueryGroups, request.pool());
}

}  // namespace pointsman::service
