// A gRPC call as admission sees it.
// Threads: as the context.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <string_view>

#include "service/access/admission.h"

namespace pointsman::service {

class GrpcCallInfo final : public CallInfo {
 public:
  explicit GrpcCallInfo(const grpc::ServerContextBase& context) : context_(context) {}

  std::string_view authorization() const override {
    const auto& metadata = context_.client_metadata();
    const auto found = metadata.find("authorization");
    return found == metadata.end() ? std::string_view()
                                   : std::string_view(found->second.data(), found->second.size());
  }
  std::string peer() const override { return context_.peer(); }
  bool is_given_up() const override { return context_.IsCancelled(); }

 private:
  const grpc::ServerContextBase& context_;
};

}  // namespace pointsman::service
