// pointsman.v1.Admin on gRPC's callback API; service/api/admin_calls.h and import_call.h have the handlers.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include "pointsman/v1/admin.grpc.pb.h"
#include "service/access/admission.h"
#include "service/api/admin_calls.h"
#include "service/api/engine_slot.h"
#include "service/grpc/import_stream.h"
#include "service/grpc/unary.h"

namespace pointsman::service {

class AdminService final : public v1::Admin::CallbackService {
 public:
  AdminService(AdminCalls& calls, const EngineSlot& engine, Admission& admission)
      : calls_(calls), engine_(engine), admission_(admission) {}

  grpc::ServerUnaryReactor* PutPool(grpc::CallbackServerContext* context,
                                    const v1::PutPoolRequest* request,
                                    v1::PutPoolResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::PutPool, *request, *response);
  }
  grpc::ServerUnaryReactor* GetPool(grpc::CallbackServerContext* context,
                                    const v1::GetPoolRequest* request,
                                    v1::GetPoolResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::GetPool, *request, *response);
  }
  grpc::ServerUnaryReactor* ListPools(grpc::CallbackServerContext* context,
                                      const v1::ListPoolsRequest* request,
                                      v1::ListPoolsResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::ListPools, *request, *response);
  }
  grpc::ServerUnaryReactor* DeletePool(grpc::CallbackServerContext* context,
                                       const v1::DeletePoolRequest* request,
                                       v1::DeletePoolResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::DeletePool, *request, *response);
  }
  grpc::ServerUnaryReactor* PutArm(grpc::CallbackServerContext* context,
                                   const v1::PutArmRequest* request,
                                   v1::PutArmResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::PutArm, *request, *response);
  }
  grpc::ServerUnaryReactor* ListArms(grpc::CallbackServerContext* context,
                                     const v1::ListArmsRequest* request,
                                     v1::ListArmsResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::ListArms, *request, *response);
  }
  grpc::ServerUnaryReactor* RemoveArm(grpc::CallbackServerContext* context,
                                      const v1::RemoveArmRequest* request,
                                      v1::RemoveArmResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::RemoveArm, *request, *response);
  }
  grpc::ServerReadReactor<v1::ImportOutcomesRequest>* ImportOutcomes(
      grpc::CallbackServerContext* context, v1::ImportOutcomesResponse* response) override {
    return new ImportStream(engine_, admission_, *context, *response);  // deletes itself
  }
  grpc::ServerUnaryReactor* UndoImport(grpc::CallbackServerContext* context,
                                       const v1::UndoImportRequest* request,
                                       v1::UndoImportResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::UndoImport, *request, *response);
  }
  grpc::ServerUnaryReactor* ListOutcomes(grpc::CallbackServerContext* context,
                                         const v1::ListOutcomesRequest* request,
                                         v1::ListOutcomesResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::ListOutcomes, *request, *response);
  }
  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                     const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::GetStats, *request, *response);
  }
  grpc::ServerUnaryReactor* MeasureRecall(grpc::CallbackServerContext* context,
                                          const v1::MeasureRecallRequest* request,
                                          v1::MeasureRecallResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::MeasureRecall, *request, *response);
  }
  grpc::ServerUnaryReactor* TryEmbedder(grpc::CallbackServerContext* context,
                                        const v1::TryEmbedderRequest* request,
                                        v1::TryEmbedderResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::TryEmbedder, *request, *response);
  }
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::Explain, *request, *response);
  }
  grpc::ServerUnaryReactor* Backup(grpc::CallbackServerContext* context,
                                   const v1::BackupRequest* request,
                                   v1::BackupResponse* response) override {
    return Serve(*context, admission_, calls_, &AdminCalls::Backup, *request, *response);
  }

 private:
  AdminCalls& calls_;
  const EngineSlot& engine_;
  Admission& admission_;
};

}  // namespace pointsman::service
