// The contract over HTTP: each RPC as POST /pointsman.v1.Service/Method, with a message in JSON (protobuf's own
// mapping) or in protobuf's bytes, by the Connect protocol. The import is a stream (connect_import.h). So curl, browsers and every HTTP client call
// what gRPC clients call; admission, handlers and errors are the same.
// Errors: of the protocol itself (method, content type, version, time, JSON) and of the call, as connect_error.h
//   writes them. A field that the contract does not have is an error: it is most often a misspelt name.
// Threads: any; does not block.
// Source: the Connect protocol, https://connectrpc.com/docs/protocol (unary request and response).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "domain/live_limits.h"
#include "service/access/admission.h"
#include "service/api/admin_calls.h"
#include "service/api/insight_calls.h"
#include "service/api/router_calls.h"
#include "service/http/http_message.h"

namespace pointsman::service {

class ConnectDoor {
 public:
  // All arguments must outlive it.
  ConnectDoor(const EngineSlot& engine, RouterCalls& router, AdminCalls& admin,
              InsightCalls& insight, Admission& admission, const LiveLimits& limits);

  // Whether a path is one of an RPC, of this server or not.
  static bool IsRpc(std::string_view path) { return path.starts_with("/pointsman.v1."); }
  // `path`: the method's, which may differ from that of the request.
  HttpApp::Entry AtHeaders(std::string_view path, const HttpRequest& request) const;
  void Serve(std::string_view path, const std::shared_ptr<HttpExchange>& exchange) const;
  // The paths that it serves, in no order.
  std::vector<std::string_view> paths() const;

 private:
  using Handler = std::function<void(const std::shared_ptr<HttpExchange>&)>;
  std::size_t MessageBytesMax() const;

  Admission& admission_;
  const LiveLimits& limits_;
  absl::flat_hash_map<std::string_view, Handler> handlers_;  // by path
};

}  // namespace pointsman::service
