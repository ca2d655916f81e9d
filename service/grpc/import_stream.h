// One call of ImportOutcomes. It reads the next chunk only after the last one was learned, so gRPC's flow
// control slows down a client that sends faster than the log writer learns.
// Operation: the first message is the start, which is checked against the pool at once. The end of the stream
//   is answered with the counts. The first error ends the call, and says how much was learned before.
// Threads: gRPC's and the log writer's, one at a time; deletes itself when the call is done.
#pragma once

#include <grpcpp/grpcpp.h>

#include <optional>
#include <vector>

#include "engine/learn/import.h"
#include "pointsman/v1/admin.pb.h"
#include "service/access/admission.h"
#include "service/api/engine_slot.h"
#include "service/grpc/call_info.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

class ImportStream final : public grpc::ServerReadReactor<v1::ImportOutcomesRequest> {
 public:
  // `context` and `response` belong to the call.
  ImportStream(const EngineSlot& engine, Admission& admission,
               const grpc::CallbackServerContext& context, v1::ImportOutcomesResponse* response);

  void OnReadDone(bool is_message) override;
  void OnDone() override { delete this; }

 private:
  absl::Status Start();
  absl::Status LearnChunk();
  void Submit(std::vector<engine::ImportedQuery> chunk);
  void End(const absl::Status& status);

  const EngineSlot& engine_;
  Admission& admission_;
  const GrpcCallInfo info_;
  RpcTimer timer_;
  AuditEntry audited_;
  v1::ImportOutcomesResponse* const response_;
  v1::ImportOutcomesRequest request_;  // the one being read or learned
  std::optional<engine::ImportPlan> plan_;
  std::optional<engine::ImportTally> tally_;
  uint64_t next_index_ = 0;
};

}  // namespace pointsman::service
