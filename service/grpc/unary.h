// A unary call of gRPC's callback API, passed to the handler that all doors share.
// Threads: gRPC's.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "service/api/call.h"
#include "service/grpc/call_info.h"
#include "service/grpc/to_grpc.h"

namespace pointsman::service {

class GrpcCall final : public Call {
 public:
  GrpcCall(grpc::CallbackServerContext& context, Admission& admission)
      : Call(admission), info_(context), reactor_(context.DefaultReactor()) {}

 private:
  const CallInfo& info() const override { return info_; }
  void Answer(const absl::Status& status) override { reactor_->Finish(ToGrpc(status)); }

  const GrpcCallInfo info_;
  grpc::ServerUnaryReactor* const reactor_;
};

// `handler`: a member of `calls` (router_calls.h, admin_calls.h).
template <class Calls, class Request, class Response>
grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext& context, Admission& admission,
                                Calls& calls,
                                void (Calls::*handler)(const CallPtr&, const Request&, Response&),
                                const Request& request, Response& response) {
  auto* const reactor = context.DefaultReactor();
  const CallPtr call = std::make_shared<GrpcCall>(context, admission);
  if (call->Enter(FactsOf(request))) (calls.*handler)(call, request, response);
  return reactor;
}

}  // namespace pointsman::service
