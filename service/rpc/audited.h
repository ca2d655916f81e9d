// What the audit says of each call, by its request, before it is begun. A call whose request stands not
// here does not compile (Call, ImportStream); nothing for those of the Router, which are no admin calls.
// Threads: pure functions.
#pragma once

#include <memory>

#include "pointsman/v1/admin.pb.h"
#include "pointsman/v1/router.pb.h"
#include "service/audit_log.h"

namespace pointsman {

using Audited = std::unique_ptr<AuditEntry>;

inline Audited AuditOf(const v1::RouteRequest&) { return nullptr; }
inline Audited AuditOf(const v1::RouteBatchRequest&) { return nullptr; }
inline Audited AuditOf(const v1::FeedbackRequest&) { return nullptr; }
inline Audited AuditOf(const v1::FeedbackBatchRequest&) { return nullptr; }

Audited AuditOf(const v1::PutPoolRequest& request);
Audited AuditOf(const v1::GetPoolRequest& request);
Audited AuditOf(const v1::ListPoolsRequest& request);
Audited AuditOf(const v1::DeletePoolRequest& request);
Audited AuditOf(const v1::PutArmRequest& request);
Audited AuditOf(const v1::ListArmsRequest& request);
Audited AuditOf(const v1::RemoveArmRequest& request);
Audited AuditOf(const v1::ImportStart& request);
Audited AuditOf(const v1::UndoImportRequest& request);
Audited AuditOf(const v1::ListOutcomesRequest& request);
Audited AuditOf(const v1::GetStatsRequest& request);
Audited AuditOf(const v1::ExplainRequest& request);
Audited AuditOf(const v1::MeasureRecallRequest& request);
Audited AuditOf(const v1::TryEmbedderRequest& request);
Audited AuditOf(const v1::BackupRequest& request);

}  // namespace pointsman
