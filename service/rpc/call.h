// Helpers of the handlers: a unary call comes in by the door, is finished exactly once, and leaves.
// Threads: gRPC's and the log writer's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <exception>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "service/metrics.h"
#include "service/rpc/audited.h"
#include "service/rpc/door.h"
#include "service/rpc/needs.h"
#include "service/status.h"

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

// One call in flight, inside the door as long as it lives. Finish is called exactly once, from any thread; the
// context, request and response live until then.
class Call {
 public:
  template <class Request>
  Call(grpc::CallbackServerContext* context, Door& door, RpcName rpc, const Request& request)
      : context_(context),
        reactor_(context->DefaultReactor()),
        timer_(door.metrics(), rpc),
        door_(door),
        client_(door.Enter(*context, NeedsOf(request))),
        audited_(AuditOf(request)) {
    if (audited_ != nullptr) audited_->who = CallerOf(*context);
  }

  // Not before: whoever began it may still be in the engine when somebody else has finished it.
  ~Call() {
    if (client_.ok()) door_.Leave();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // True for a call that the door did not let in: it is finished, and nothing may be begun for it.
  bool Refused() {
    if (!client_.ok()) Finish(client_.status());
    return !client_.ok();
  }
  // Of a call that was not refused.
  const Client& client() const { return *client_; }
  std::string client_name() const { return ClientName(*context_, *client_); }
  // Of an admin call: what its audit line will say.
  AuditEntry& audited() const { return *audited_; }

  void Finish(const absl::Status& status) {
    timer_.Done(status);
    if (audited_ != nullptr) door_.audit().Write(*audited_, status);
    reactor_->Finish(ToGrpc(status));
  }
  // A body that answers at once.
  template <class Body>
  void Run(Body body) {
    if (!Refused()) Finish(Guarded(body));
  }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  const grpc::CallbackServerContext* const context_;
  grpc::ServerUnaryReactor* const reactor_;
  RpcTimer timer_;
  Door& door_;
  const absl::StatusOr<Client> client_;
  const Audited audited_;
};

}  // namespace pointsman
