#include "service/rpc/audited.h"

#include <string>

namespace pointsman {
namespace {

std::string Named(const std::string& pool) { return pool.empty() ? "default" : pool; }

Audited Change(const char* rpc, std::string pool, std::string target = "") {
  return std::make_unique<AuditEntry>(
      AuditEntry{rpc, /*is_change=*/true, std::move(pool), std::move(target)});
}

Audited Read(const char* rpc, std::string pool, std::string target = "") {
  return std::make_unique<AuditEntry>(
      AuditEntry{rpc, /*is_change=*/false, std::move(pool), std::move(target)});
}

}  // namespace

Audited AuditOf(const v1::PutPoolRequest& request) {
  return request.dry_run() ? Read("PutPool", request.name(), "dry run")
                           : Change("PutPool", request.name());
}
Audited AuditOf(const v1::GetPoolRequest& request) {
  return Read("GetPool", Named(request.name()));
}
Audited AuditOf(const v1::ListPoolsRequest&) { return Read("ListPools", ""); }
Audited AuditOf(const v1::DeletePoolRequest& request) {
  return Change("DeletePool", request.name());
}
Audited AuditOf(const v1::PutArmRequest& request) {
  return Change("PutArm", Named(request.pool()), request.arm().name());
}
Audited AuditOf(const v1::ListArmsRequest& request) {
  return Read("ListArms", Named(request.pool()));
}
Audited AuditOf(const v1::RemoveArmRequest& request) {
  return Change("RemoveArm", Named(request.pool()), request.arm());
}
Audited AuditOf(const v1::ImportStart& request) {
  return Change("ImportOutcomes", Named(request.pool()), request.import_id());
}
Audited AuditOf(const v1::UndoImportRequest& request) {
  return Change("UndoImport", Named(request.pool()), request.import_id());
}
Audited AuditOf(const v1::ListOutcomesRequest& request) {
  return Read("ListOutcomes", Named(request.pool()));
}
Audited AuditOf(const v1::GetStatsRequest& request) {
  return Read("GetStats", Named(request.pool()));
}
Audited AuditOf(const v1::ExplainRequest& request) {
  return Read("Explain", Named(request.pool()), request.decision_id());
}
Audited AuditOf(const v1::MeasureRecallRequest& request) {
  return Read("MeasureRecall", Named(request.pool()));
}
Audited AuditOf(const v1::TryEmbedderRequest& request) {
  return Read("TryEmbedder", "", request.endpoint());
}
Audited AuditOf(const v1::BackupRequest& request) { return Change("Backup", "", request.name()); }

}  // namespace pointsman
