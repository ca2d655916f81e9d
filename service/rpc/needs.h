// What each call needs, by its request: the scope, the pools that it names, how many routes or feedbacks
// it is. A call whose request stands not here does not compile.
// Threads: pure functions. What they return looks into the request.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"
#include "service/access/token.h"

namespace pointsman {

struct CallNeeds {
  Scope scope = Scope::kAdmin;
  absl::InlinedVector<std::string_view, 1> pools = {};
  bool all_pools = false;
  int64_t items = 0;  // what counts against a client's rate
};

CallNeeds NeedsOf(const v1::RouteRequest& request);
CallNeeds NeedsOf(const v1::RouteBatchRequest& request);
CallNeeds NeedsOf(const v1::FeedbackRequest& request);
CallNeeds NeedsOf(const v1::FeedbackBatchRequest& request);

CallNeeds NeedsOf(const v1::PutPoolRequest& request);
CallNeeds NeedsOf(const v1::GetPoolRequest& request);
CallNeeds NeedsOf(const v1::ListPoolsRequest& request);  // lists those that the caller may use
CallNeeds NeedsOf(const v1::DeletePoolRequest& request);
CallNeeds NeedsOf(const v1::PutArmRequest& request);
CallNeeds NeedsOf(const v1::ListArmsRequest& request);
CallNeeds NeedsOf(const v1::RemoveArmRequest& request);
CallNeeds NeedsOf(const v1::ImportStart& request);
CallNeeds NeedsOf(const v1::UndoImportRequest& request);
CallNeeds NeedsOf(const v1::ListOutcomesRequest& request);
CallNeeds NeedsOf(const v1::GetStatsRequest& request);
CallNeeds NeedsOf(const v1::ExplainRequest& request);
CallNeeds NeedsOf(const v1::MeasureRecallRequest& request);
CallNeeds NeedsOf(const v1::TryEmbedderRequest& request);
CallNeeds NeedsOf(const v1::BackupRequest& request);

}  // namespace pointsman
