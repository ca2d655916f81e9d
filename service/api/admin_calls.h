// The handlers of pointsman.v1.Admin, the same for every door. Imports are streams: see import_call.h.
// A handler gets a call that has entered, and finishes it. The caller keeps `call` until the handler returns.
//   Request and response belong to the call.
// Threads: any; results arrive on the engine's threads.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "pointsman/v1/admin.pb.h"
#include "service/api/call.h"
#include "service/api/engine_slot.h"

namespace pointsman::service {

class AdminCalls {
 public:
  // `backup_dir`: the folder for backups.
  AdminCalls(const EngineSlot& engine, std::string backup_dir, const Clock& clock)
      : engine_(engine), backup_dir_(std::move(backup_dir)), clock_(clock) {}

  void PutPool(const CallPtr& call, const v1::PutPoolRequest& request,
               v1::PutPoolResponse& response);
  void GetPool(const CallPtr& call, const v1::GetPoolRequest& request,
               v1::GetPoolResponse& response);
  void ListPools(const CallPtr& call, const v1::ListPoolsRequest& request,
                 v1::ListPoolsResponse& response);
  void DeletePool(const CallPtr& call, const v1::DeletePoolRequest& request,
                  v1::DeletePoolResponse& response);
  void PutArm(const CallPtr& call, const v1::PutArmRequest& request, v1::PutArmResponse& response);
  void ListArms(const CallPtr& call, const v1::ListArmsRequest& request,
                v1::ListArmsResponse& response);
  void RemoveArm(const CallPtr& call, const v1::RemoveArmRequest& request,
                 v1::RemoveArmResponse& response);
  void UndoImport(const CallPtr& call, const v1::UndoImportRequest& request,
                  v1::UndoImportResponse& response);
  void ListOutcomes(const CallPtr& call, const v1::ListOutcomesRequest& request,
                    v1::ListOutcomesResponse& response);
  void GetStats(const CallPtr& call, const v1::GetStatsRequest& request,
                v1::GetStatsResponse& response);
  void MeasureRecall(const CallPtr& call, const v1::MeasureRecallRequest& request,
                     v1::MeasureRecallResponse& response);
  void TryEmbedder(const CallPtr& call, const v1::TryEmbedderRequest& request,
                   v1::TryEmbedderResponse& response);
  void Explain(const CallPtr& call, const v1::ExplainRequest& request,
               v1::ExplainResponse& response);
  void Backup(const CallPtr& call, const v1::BackupRequest& request, v1::BackupResponse& response);

 private:
  const EngineSlot& engine_;
  const std::string backup_dir_;
  const Clock& clock_;
};

}  // namespace pointsman::service
