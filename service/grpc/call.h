// Helpers of the handlers: a unary call is admitted, finished exactly once, and released.
// Threads: gRPC's and the log writer's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "service/access/admission.h"
#include "service/grpc/call_info.h"
#include "service/grpc/to_grpc.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

// Runs a handler's body. An exception from a library becomes kInternal instead of ending the server.
template <class Body>
absl::Status Guarded(Body body) {
  try {
    return body();
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

// The method's name in the metrics: each of the Router's methods, and one name for all others.
inline RpcName TimedAs(const Method& method) {
  return method.is_admin() ? RpcName::kAdmin : static_cast<RpcName>(method.id);
}

// One call in flight; it stays admitted as long as this object lives. Finish is called exactly once, from any
// thread. The context, request and response live until then.
class Call {
 public:
  template <class Request>
  Call(grpc::CallbackServerContext* context, Admission& admission, const Request& request)
      : Call(context, admission, FactsOf(request)) {}

  // Leaves admission only here: the thread that started the call may still be in the engine when another thread
  // has finished the call.
  ~Call() {
    if (client_.ok()) admission_.Leave();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // True for a call that was not admitted: it is finished, and no work may be started for it.
  bool Refused() {
    if (!client_.ok()) Finish(client_.status());
    return !client_.ok();
  }
  // Only for a call that was not refused.
  const Client& client() const { return *client_; }
  std::string client_name() const { return ClientName(info_, *client_); }
  // Only for an admin call: the content of its audit line.
  AuditEntry& audited() const { return *audited_; }

  void Finish(const absl::Status& status) {
    timer_.Done(status);
    if (audited_ != nullptr) admission_.audit().Write(*audited_, status);
    reactor_->Finish(ToGrpc(status));
  }
  // For a body that answers at once.
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
static_assert(static_cast<int>(RpcName::kFeedbackBatch) ==
              static_cast<int>(MethodId::kFeedbackBatch));

}  // namespace pointsman::service
