#include "service/rpc/needs.h"

#include <algorithm>

namespace pointsman {
namespace {

std::string_view Named(std::string_view pool) { return pool.empty() ? "default" : pool; }

CallNeeds AdminOf(std::string_view pool) { return {Scope::kAdmin, {Named(pool)}}; }

CallNeeds AdminOfAll() { return {Scope::kAdmin, {}, /*all_pools=*/true}; }

// Items name their own pool, or none, which is the batch's.
template <class Batch>
CallNeeds NeedsOfBatch(Scope scope, const Batch& batch) {
  CallNeeds needs{scope};
  for (const auto& item : batch.requests()) {
    needs.pools.push_back(Named(item.pool().empty() ? batch.pool() : item.pool()));
  }
  if (batch.requests().empty()) needs.pools.push_back(Named(batch.pool()));
  std::sort(needs.pools.begin(), needs.pools.end());
  needs.pools.erase(std::unique(needs.pools.begin(), needs.pools.end()), needs.pools.end());
  needs.items = batch.requests_size();
  return needs;
}

}  // namespace

CallNeeds NeedsOf(const v1::RouteRequest& request) {
  return {Scope::kRoute, {Named(request.pool())}, false, 1};
}
CallNeeds NeedsOf(const v1::RouteBatchRequest& request) {
  return NeedsOfBatch(Scope::kRoute, request);
}
CallNeeds NeedsOf(const v1::FeedbackRequest& request) {
  return {Scope::kFeedback, {Named(request.pool())}, false, 1};
}
CallNeeds NeedsOf(const v1::FeedbackBatchRequest& request) {
  return NeedsOfBatch(Scope::kFeedback, request);
}

CallNeeds NeedsOf(const v1::PutPoolRequest& request) { return AdminOf(request.name()); }
CallNeeds NeedsOf(const v1::GetPoolRequest& request) { return AdminOf(request.name()); }
CallNeeds NeedsOf(const v1::ListPoolsRequest&) { return {Scope::kAdmin}; }
CallNeeds NeedsOf(const v1::DeletePoolRequest& request) { return AdminOf(request.name()); }
CallNeeds NeedsOf(const v1::PutArmRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::ListArmsRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::RemoveArmRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::ImportStart& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::UndoImportRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::ListOutcomesRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::GetStatsRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::ExplainRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::MeasureRecallRequest& request) { return AdminOf(request.pool()); }
CallNeeds NeedsOf(const v1::TryEmbedderRequest&) { return AdminOfAll(); }
CallNeeds NeedsOf(const v1::BackupRequest&) { return AdminOfAll(); }

}  // namespace pointsman
