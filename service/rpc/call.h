// Helpers of the handlers: finishing a unary call exactly once, with its metrics and its gate.
// Threads: gRPC's and the log writer's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "service/metrics.h"
#include "service/rpc/gate.h"
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

// One call in flight. Finish is called exactly once, from any thread; the context, request and
// response live until then.
class Call {
 public:
  Call(grpc::CallbackServerContext* context, Metrics& metrics, Gate& gate, RpcName rpc)
      : reactor_(context->DefaultReactor()),
        timer_(metrics, rpc),
        gate_(gate),
        is_inside_(gate.Enter()) {}

  // True for a call that the gate did not let in: it is finished, and nothing may be begun for it.
  bool Refused() {
    if (!is_inside_) Finish(Stopping());
    return !is_inside_;
  }

  void Finish(const absl::Status& status) {
    timer_.Done(status);
    reactor_->Finish(ToGrpc(status));
    if (is_inside_) gate_.Leave();
  }
  // A body that answers at once.
  template <class Body>
  void Run(Body body) {
    if (!Refused()) Finish(Guarded(body));
  }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  grpc::ServerUnaryReactor* const reactor_;
  RpcTimer timer_;
  Gate& gate_;
  const bool is_inside_;
};

}  // namespace pointsman
