// Helpers of the handlers: a unary call comes in by the admission, is finished exactly once, and leaves.
// Threads: gRPC's and the log writer's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "service/observe/metrics.h"
#include "service/access/admission.h"
#include "service/grpc/call_info.h"
#include "service/grpc/to_grpc.h"

namespace pointsman {

// Runs a handler's body; what a library throws becomes kInternal, not the end of the server.
template <class Body>
absl::Status Guarded(Body body) {
  try {
    return body();
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

// As the metrics know it: each of the Router's methods, and all of the others together.
inline RpcName TimedAs(const Method& method) {
  return method.is_admin() ? RpcName::kAdmin : static_cast<RpcName>(method.id);
}

// One call in flight, admitted as long as it lives. Finish is called exactly once, from any thread; the
// context, request and response live until then.
class Call {
 public:
  template <class Request>
  Call(grpc::CallbackServerContext* context, Admission& admission, const Request& request)
      : Call(context, admission, FactsOf(request)) {}

  // Not before: whoever began it may still be in the engine when somebody else has finished it.
  ~Call() {
    if (client_.ok()) admission_.Leave();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // True for a call that was not admitted: it is finished, and nothing may be begun for it.
  bool Refused() {
    if (!client_.ok()) Finish(client_.status());
    return !client_.ok();
  }
  // Of a call that was not refused.
  const Client& client() const { return *client_; }
  std::string client_name() const { return ClientName(info_, *client_); }
  // Of an admin call: what its audit line will say.
  AuditEntry& audited() const { return *audited_; }

  void Finish(const absl::Status& status) {
    timer_.Done(status);
    if (audited_ != nullptr) admission_.audit().Write(*audited_, status);
    reactor_->Finish(ToGrpc(status));
  }
  // A body that answers at once.
  template <class Body>
  void Run(Body body) {
    if (!Refused()) Finish(Guarded(body));
  }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  Call(grpc::CallbackServerContext* context, Admission& admission, const CallFacts& facts)
      : info_(*context),
        reactor_(context->DefaultReactor()),
        timer_(admission.metrics(), TimedAs(MethodOf(facts.method))),
        admission_(admission),
        client_(admission.Enter(info_, facts)),
        audited_(AuditEntryOf(info_, facts)) {}

  const GrpcCallInfo info_;
  grpc::ServerUnaryReactor* const reactor_;
  RpcTimer timer_;
  Admission& admission_;
  const absl::StatusOr<Client> client_;
  const std::unique_ptr<AuditEntry> audited_;
};

static_assert(static_cast<int>(RpcName::kRoute) == static_cast<int>(MethodId::kRoute));
static_assert(static_cast<int>(RpcName::kFeedbackBatch) == static_cast<int>(MethodId::kFeedbackBatch));

}  // namespace pointsman
