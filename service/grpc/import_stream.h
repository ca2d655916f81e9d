// A client stream of ImportOutcomes on gRPC's callback API.
// Threads: gRPC's and the engine's, one at a time. Deletes itself when gRPC is done with it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "service/api/import_call.h"
#include "service/grpc/call_info.h"
#include "service/grpc/to_grpc.h"

namespace pointsman::service {

class ImportStream final : public grpc::ServerReadReactor<v1::ImportOutcomesRequest>, ImportCall {
 public:
  // `context` and `response` belong to the call.
  ImportStream(const EngineSlot& engine, Admission& admission,
               const grpc::CallbackServerContext& context, v1::ImportOutcomesResponse& response)
      : ImportCall(engine, admission, response), info_(context) {
    Begin();
  }

  void OnReadDone(bool is_message) override {
    if (is_message) {
      Take(message_);
    } else {  // the client has sent everything, or is gone
      TakeEnd();
    }
  }
  void OnDone() override { delete this; }

 private:
  const CallInfo& info() const override { return info_; }
  void ReadNext() override { StartRead(&message_); }
  void Answer(const absl::Status& status) override { Finish(ToGrpc(status)); }
  std::shared_ptr<const void> KeptAlive() override { return nullptr; }

  const GrpcCallInfo info_;
  v1::ImportOutcomesRequest message_;  // the one being read or learned
};

}  // namespace pointsman::service
