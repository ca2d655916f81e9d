// pointsman.v1.Admin on the callback API. Changes go through the log writer, as feedback does; reads use
// published states.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>

#include "base/clock.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "service/access/admission.h"
#include "service/api/engine_slot.h"

namespace pointsman::service {

class AdminService final : public v1::Admin::CallbackService {
 public:
  // `backup_dir`: the folder for backups.
  AdminService(const EngineSlot& engine, std::string backup_dir, const Clock& clock,
               Admission& admission)
      : engine_(engine), backup_dir_(std::move(backup_dir)), clock_(clock), admission_(admission) {}

  grpc::ServerUnaryReactor* PutPool(grpc::CallbackServerContext* context,
                                    const v1::PutPoolRequest* request,
                                    v1::PutPoolResponse* response) override;
  grpc::ServerUnaryReactor* GetPool(grpc::CallbackServerContext* context,
                                    const v1::GetPoolRequest* request,
                                    v1::GetPoolResponse* response) override;
  grpc::ServerUnaryReactor* ListPools(grpc::CallbackServerContext* context,
                                      const v1::ListPoolsRequest* request,
                                      v1::ListPoolsResponse* response) override;
  grpc::ServerUnaryReactor* DeletePool(grpc::CallbackServerContext* context,
                                       const v1::DeletePoolRequest* request,
                                       v1::DeletePoolResponse* response) override;
  grpc::ServerUnaryReactor* PutArm(grpc::CallbackServerContext* context,
                                   const v1::PutArmRequest* request,
                                   v1::PutArmResponse* response) override;
  grpc::ServerUnaryReactor* ListArms(grpc::CallbackServerContext* context,
                                     const v1::ListArmsRequest* request,
                                     v1::ListArmsResponse* response) override;
  grpc::ServerUnaryReactor* RemoveArm(grpc::CallbackServerContext* context,
                                      const v1::RemoveArmRequest* request,
                                      v1::RemoveArmResponse* response) override;
  grpc::ServerReadReactor<v1::ImportOutcomesRequest>* ImportOutcomes(
      grpc::CallbackServerContext* context, v1::ImportOutcomesResponse* response) override;
  grpc::ServerUnaryReactor* UndoImport(grpc::CallbackServerContext* context,
                                       const v1::UndoImportRequest* request,
                                       v1::UndoImportResponse* response) override;
  grpc::ServerUnaryReactor* ListOutcomes(grpc::CallbackServerContext* context,
                                         const v1::ListOutcomesRequest* request,
                                         v1::ListOutcomesResponse* response) override;
  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerUnaryReactor* MeasureRecall(grpc::CallbackServerContext* context,
                                          const v1::MeasureRecallRequest* request,
                                          v1::MeasureRecallResponse* response) override;
  grpc::ServerUnaryReactor* TryEmbedder(grpc::CallbackServerContext* context,
                                        const v1::TryEmbedderRequest* request,
                                        v1::TryEmbedderResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* Backup(grpc::CallbackServerContext* context,
                                   const v1::BackupRequest* request,
                                   v1::BackupResponse* response) override;

 private:
  const EngineSlot& engine_;
  const std::string backup_dir_;
  const Clock& clock_;
  Admission& admission_;
};

}  // namespace pointsman::service
