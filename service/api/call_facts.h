// The facts about a call that its request contains: the method, the pools, the number of routes or feedbacks,
// and what an audit line names. A request type without an overload here fails to compile.
// PoolOrDefault alone decides which pool a request means: here for permissions, and again where the request
// is converted for the engine (convert.h, service/grpc).
// Threads: pure functions. Their results point into the request.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "domain/names.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/insight.pb.h"
#include "pointsman/v1/router.pb.h"
#include "service/access/methods.h"

namespace pointsman::service {

struct CallFacts {
  MethodId method{};
  absl::InlinedVector<std::string_view, 1> pools = {};
  std::string_view target = {};  // in the pool: an arm, an import, a decision; or a backup
  int64_t items = 0;             // what counts against a client's rate
  bool is_dry_run = false;
};

CallFacts FactsOf(const v1::RouteRequest& request);
CallFacts FactsOf(const v1::RouteBatchRequest& request);
CallFacts FactsOf(const v1::FeedbackRequest& request);
CallFacts FactsOf(const v1::FeedbackBatchRequest& request);

CallFacts FactsOf(const v1::PutPoolRequest& request);
CallFacts FactsOf(const v1::GetPoolRequest& request);
CallFacts FactsOf(const v1::ListPoolsRequest& request);
CallFacts FactsOf(const v1::DeletePoolRequest& request);
CallFacts FactsOf(const v1::PutArmRequest& request);
CallFacts FactsOf(const v1::ListArmsRequest& request);
CallFacts FactsOf(const v1::RemoveArmRequest& request);
CallFacts FactsOf(const v1::ImportStart& request);
CallFacts FactsOf(const v1::UndoImportRequest& request);
CallFacts FactsOf(const v1::ListOutcomesRequest& request);
CallFacts FactsOf(const v1::GetStatsRequest& request);
CallFacts FactsOf(const v1::ExplainRequest& request);
CallFacts FactsOf(const v1::MeasureRecallRequest& request);
CallFacts FactsOf(const v1::TryEmbedderRequest& request);
CallFacts FactsOf(const v1::BackupRequest& request);

CallFacts FactsOf(const v1::GetServerRequest& request);
CallFacts FactsOf(const v1::GetHistoryRequest& request);
CallFacts FactsOf(const v1::ListDecisionsRequest& request);
CallFacts FactsOf(const v1::TryPreferencesRequest& request);
CallFacts FactsOf(const v1::TryQueryRequest& request);
CallFacts FactsOf(const v1::ListQueryGroupsRequest& request);
CallFacts FactsOf(const v1::ComparePoliciesRequest& request);
CallFacts FactsOf(const v1::RecomputeDecisionRequest& request);

}  // namespace pointsman::service
