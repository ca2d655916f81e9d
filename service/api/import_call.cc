#include "service/api/import_call.h"

#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "engine/request/validate.h"
#include "service/api/call.h"
#include "service/api/call_facts.h"
#include "service/api/convert.h"

namespace pointsman::service {

void ImportCall::Begin() {
  audited_ = AuditEntryOf(info(), FactsOf(v1::ImportStart()));
  audited_->pool.clear();  // not known yet
  ReadNext();
}

void ImportCall::TakeEnd() {
  if (!plan_) return End(engine::BadField("start", "the stream ended before its first message"));
  response_ = ToProto(tally_->total(), *plan_);
  End(absl::OkStatus());
}

void ImportCall::Take(const v1::ImportOutcomesRequest& message) {
  const absl::Status status = Guarded([&] { return plan_ ? LearnChunk(message) : Start(message); });
  if (!status.ok()) End(status);
}

absl::Status ImportCall::Start(const v1::ImportOutcomesRequest& message) {
  if (!message.has_start()) {
    return engine::BadField("start",
                            "the first message of an import must be `start`, with pool, import_id, "
                            "queries and strength");
  }
  audited_->pool = PoolOrDefault(message.start().pool());
  audited_->target = message.start().import_id();
  RETURN_IF_ERROR(admission_.Ask(info(), FactsOf(message.start())).status());
  plan_ = FromProto(message.start());
  tally_.emplace(*plan_);
  Submit({});
  return absl::OkStatus();
}

absl::Status ImportCall::LearnChunk(const v1::ImportOutcomesRequest& message) {
  if (!message.has_chunk()) {
    return engine::BadField("chunk", "every message of an import after the first must be a chunk");
  }
  std::vector<engine::ImportedQuery> chunk;
  for (const auto& query : message.chunk().queries()) {
    chunk.push_back(FromProto(query, next_index_));
  }
  RETURN_IF_ERROR(tally_->Admit(chunk));
  Submit(std::move(chunk));
  return absl::OkStatus();
}

void ImportCall::Submit(std::vector<engine::ImportedQuery> chunk) {
  absl::Status status;
  const auto stay = admission_.Stay(status);
  if (stay == nullptr) return End(status);
  const auto go_on = [this, stay,
                      kept = KeptAlive()](const absl::StatusOr<engine::ImportOutput>& output) {
    if (!output.ok()) return End(output.status());
    tally_->Add(*output);
    ReadNext();
  };
  engine_.control().Import(*plan_, std::move(chunk), go_on);
}

void ImportCall::End(const absl::Status& status) {
  absl::Status told = status;
  if (!status.ok() && tally_ &&
      tally_->total().queries_learned + tally_->total().queries_known > 0) {
    const engine::ImportOutput& total = tally_->total();
    told = Located(status,
                   Cat(total.queries_learned, " queries were learned and ", total.queries_known,
                       " were known before; both are kept. Send the import again with the same "
                       "import_id to continue. The error"));
  }
  timer_.Done(RpcName::kAdmin, told);
  if (tally_) {
    const engine::ImportOutput& total = tally_->total();
    audited_->changes = {Cat("learned: ", total.outcomes_learned, " outcomes of ",
                             total.queries_learned,
                             " queries; known before: ", total.outcomes_known)};
  }
  admission_.audit().Write(*audited_, told);
  Answer(told);  // this object may be gone afterwards
}

}  // namespace pointsman::service
