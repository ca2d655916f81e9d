// Helpers of the handlers: finishing a unary call exactly once, with its metrics.
// Threads: gRPC's and the log writer's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "service/metrics.h"
#include "service/status.h"

namespace pointsman {

// One call in flight. Finish is called exactly once, from any thread; the context, request and
// response live until then.
class Call {
 public:
  Call(grpc::CallbackServerContext* context, Metrics& metrics, RpcName rpc)
      : reactor_(context->DefaultReactor()), timer_(metrics, rpc) {}

  void Finish(const absl::Status& status) {
    timer_.Done(status);
    reactor_->Finish(ToGrpc(status));
  }
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

 private:
  grpc::ServerUnaryReactor* reactor_;
  RpcTimer timer_;
};

// Runs a handler's body; what a library throws becomes kInternal, not the end of the server.
template <class Body>
absl::Status Guarded(Body body) {
  try {
    return body();
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

}  // namespace pointsman
