#include "service/api/call.h"

namespace pointsman::service {
namespace {

// The method's name in the metrics: each of the Router's methods, and one name for all others.
RpcName TimedAs(const Method& method) {
  return method.is_admin() ? RpcName::kAdmin : static_cast<RpcName>(method.id);
}

static_assert(static_cast<int>(RpcName::kRoute) == static_cast<int>(MethodId::kRoute));
static_assert(static_cast<int>(RpcName::kFeedbackBatch) ==
              static_cast<int>(MethodId::kFeedbackBatch));

}  // namespace

Call::Call(Admission& admission)
    : timer_(admission.metrics()), admission_(admission), client_(absl::UnknownError("")) {}

Call::~Call() {
  if (client_.ok()) admission_.Leave();
}

bool Call::Enter(const CallFacts& facts) {
  rpc_ = TimedAs(MethodOf(facts.method));
  client_ = admission_.Enter(info(), facts);
  audited_ = AuditEntryOf(info(), facts);
  if (!client_.ok()) Finish(client_.status());
  return client_.ok();
}

void Call::Finish(const absl::Status& status) {
  timer_.Done(rpc_, status);
  if (audited_ != nullptr) admission_.audit().Write(*audited_, status);
  Answer(status);
}

}  // namespace pointsman::service
