#include "service/http/http_door.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "service/access/methods.h"
#include "service/http/connect_error.h"

namespace pointsman::service {
namespace {

constexpr char kFeedbackPath[] = "/routing/v1/feedback";

absl::Status StatusOf(int status, std::string_view what) {
  switch (status) {
    case 400:
      return absl::InvalidArgumentError(ToAbsl(what));
    case 413:
    case 431:
      return absl::ResourceExhaustedError(ToAbsl(what));
    case 503:
      return absl::UnavailableError(ToAbsl(what));
    default:
      return absl::InternalError(ToAbsl(what));
  }
}

// The path of the RPC that a path means; empty: it means none.
std::string_view RpcOf(std::string_view path) {
  if (path == kFeedbackPath) return MethodOf(MethodId::kFeedback).path;
  return ConnectDoor::IsRpc(path) ? path : "";
}

// "localhost", an IPv4 address or an IPv6 address in brackets, with or without a port.
bool IsAddress(std::string_view host) {
  if (host.starts_with("[")) return true;
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool HttpDoor::IsAllowedOrigin(std::string_view origin) const {
  return !origin.empty() && std::find(options_.origins.begin(), options_.origins.end(), origin) !=
                                options_.origins.end();
}

HttpResponse HttpDoor::Preflight(const HttpRequest& request) const {
  HttpResponse response{.status = 204};
  if (!IsAllowedOrigin(request.header("origin"))) {
    return ErrorResponse(absl::PermissionDeniedError(
        "pages of this origin may not call this server; http_origins in the config names those "
        "that may"));
  }
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Content-Type, Connect-Protocol-Version, "
                                "Connect-Timeout-Ms, X-Pointsman-Preference, X-Pointsman-Turns, "
                                "X-Pointsman-Session");
  response.headers.emplace_back("Access-Control-Max-Age", "7200");
  return response;
}

HttpApp::Entry HttpDoor::AtHeaders(const HttpRequest& request) {
  if (options_.is_host_checked && !IsAddress(request.header("host"))) {
    return {.refusal = ErrorResponse(absl::PermissionDeniedError(
                "this server asks for no token, so it answers only requests to an address or to "
                "localhost, not to a name that anybody can point here; use 127.0.0.1, or set "
                "`tokens_file`"))};
  }
  if (request.method == "OPTIONS") return {.refusal = Preflight(request)};
  if (const std::string_view rpc = RpcOf(request.path); connect_ != nullptr && !rpc.empty()) {
    return connect_->AtHeaders(rpc, request);
  }
  if (openai_ != nullptr && request.path == OpenAiDoor::kPath) return openai_->AtHeaders(request);
  return {};  // a page, which has no body
}

void HttpDoor::Serve(std::shared_ptr<HttpExchange> exchange) {
  const std::string& path = exchange->request().path;
  if (const std::string_view rpc = RpcOf(path); connect_ != nullptr && !rpc.empty()) {
    connect_->Serve(rpc, exchange);
  } else if (openai_ != nullptr && path == OpenAiDoor::kPath) {
    openai_->Serve(exchange);
  } else {
    pages_.Serve(exchange);
  }
}

HttpResponse HttpDoor::Malformed(int status, std::string_view what) {
  HttpResponse response = ErrorResponse(StatusOf(status, what));
  response.status = status;
  return response;
}

// Answers and errors alike can be read by the pages of an allowed origin.
void HttpDoor::Complete(const HttpRequest& request, HttpResponse& response) {
  const std::string_view origin = request.header("origin");
  if (!IsAllowedOrigin(origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
  response.headers.emplace_back("Vary", "Origin");
}

}  // namespace pointsman::service
