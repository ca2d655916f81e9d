#include "service/grpc/import_stream.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/validate.h"
#include "service/api/convert.h"
#include "service/grpc/call.h"

namespace pointsman::service {

ImportStream::ImportStream(const EngineSlot& engine, Admission& admission,
                           const grpc::CallbackServerContext& context,
                           v1::ImportOutcomesResponse* response)
    : engine_(engine),
      admission_(admission),
      info_(context),
      timer_(admission.metrics(), RpcName::kAdmin),
      audited_(*AuditEntryOf(info_, FactsOf(v1::ImportStart()))),
      response_(response) {
  audited_.pool.clear();  // not known yet
  StartRead(&request_);
}

void ImportStream::OnReadDone(bool is_message) {
  if (!is_message) {  // the client has sent everything, or is gone
    if (!plan_) return End(engine::BadField("start", "the stream ended before its first message"));
    *response_ = ToProto(tally_->total(), *plan_);
    return End(absl::OkStatus());
  }
  const absl::Status status = Guarded([this] { return plan_ ? LearnChunk() : Start(); });
  if (!status.ok()) End(status);
}

absl::Status ImportStream::Start() {
  if (!request_.has_start()) {
    return engine::BadField("start",
                            "the first message of an import must be `start`, with pool, import_id, "
                            "queries and strength");
  }
  audited_.pool = PoolOrDefault(request_.start().pool());
  audited_.target = request_.start().import_id();
  RETURN_IF_ERROR(admission_.Ask(info_, FactsOf(request_.start())).status());
  plan_ = FromProto(request_.start());
  tally_.emplace(*plan_);
  Submit({});
  return absl::OkStatus();
}

absl::Status ImportStream::LearnChunk() {
  if (!request_.has_chunk()) {
    return engine::BadField("chunk", "every message of an import after the first must be a chunk");
  }
  std::vector<engine::ImportedQuery> chunk;
  for (const auto& query : request_.chunk().queries()) {
    chunk.push_back(FromProto(query, next_index_));
  }
  RETURN_IF_ERROR(tally_->Admit(chunk));
  Submit(std::move(chunk));
  return absl::OkStatus();
}

void ImportStream::Submit(std::vector<engine::ImportedQuery> chunk) {
  absl::Status status;
  const auto stay = admission_.Stay(status);
  if (stay == nullptr) return End(status);
  const auto go_on = [this, stay](const absl::StatusOr<engine::ImportOutput>& output) {
    if (!output.ok()) return End(output.status());
    tally_->Add(*output);
    StartRead(&request_);
  };
  engine_.control().Import(*plan_, std::move(chunk), go_on);
}

void ImportStream::End(const absl::Status& status) {
  absl::Status told = status;
  if (!status.ok() && tally_ &&
      tally_->total().queries_learned + tally_->total().queries_known > 0) {
    const engine::ImportOutput& total = tally_->total();
    told = Located(status,
                   Cat(total.queries_learned, " queries were learned and ", total.queries_known,
                       " were known before; both are kept. Send the import again with the same "
                       "import_id to continue. The error"));
  }
  timer_.Done(told);
  if (tally_) {
    const engine::ImportOutput& total = tally_->total();
    audited_.changes = {Cat("learned: ", total.outcomes_learned, " outcomes of ",
                            total.queries_learned,
                            " queries; known before: ", total.outcomes_known)};
  }
  admission_.audit().Write(audited_, told);
  Finish(ToGrpc(told));  // this object may be gone afterwards
}

}  // namespace pointsman::service
