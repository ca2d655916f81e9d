#include "service/http/http_door.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "service/access/address.h"
#include "service/http/connect_error.h"

namespace pointsman::service {
namespace {

constexpr char kFeedbackPath[] = "/routing/v1/feedback";
constexpr char kFeedbackMethod[] = "/pointsman.v1.Router/Feedback";
constexpr std::size_t kPageBodyMax = 0;

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

void AllowOrigin(std::string_view origin, HttpResponse& response) {
  response.headers.emplace_back("Access-Control-Allow-Origin", origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, WWW-Authenticate");
  response.headers.emplace_back("Vary", "Origin");
}

// Passes everything on, and adds to the answer that this origin's pages may read it.
class AllowedExchange final : public HttpExchange {
 public:
  AllowedExchange(std::shared_ptr<HttpExchange> inner, std::string origin)
      : inner_(std::move(inner)), origin_(std::move(origin)) {}

  const HttpRequest& request() const override { return inner_->request(); }
  bool is_answered() const override { return inner_->is_answered(); }
  void Respond(HttpResponse response) override {
    AllowOrigin(origin_, response);
    inner_->Respond(std::move(response));
  }
  void AnswerWithin(int64_t milliseconds, HttpResponse expired) override {
    AllowOrigin(origin_, expired);
    inner_->AnswerWithin(milliseconds, std::move(expired));
  }
  void ReadPart(std::function<void(Part)> done) override { inner_->ReadPart(std::move(done)); }
  void Later(std::function<void()> work) override { inner_->Later(std::move(work)); }

 private:
  const std::shared_ptr<HttpExchange> inner_;
  const std::string origin_;
};

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
  const std::string_view origin = request.header("origin");
  if (!IsAllowedOrigin(origin)) {
    return ErrorResponse(absl::PermissionDeniedError(
        "pages of this origin may not call this server; http_origins in the config names those "
        "that may"));
  }
  AllowOrigin(origin, response);
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
  Entry entry;
  if (connect_ != nullptr && ConnectDoor::IsRpc(request.path)) {
    entry = connect_->AtHeaders(request.path, request);
  } else if (connect_ != nullptr && request.path == kFeedbackPath) {
    entry = connect_->AtHeaders(kFeedbackMethod, request);
  } else if (openai_ != nullptr && request.path == OpenAiDoor::kPath) {
    entry = openai_->AtHeaders(request);
  } else {
    entry.body_bytes_max = kPageBodyMax;
  }
  const std::string_view origin = request.header("origin");
  if (entry.refusal && IsAllowedOrigin(origin)) AllowOrigin(origin, *entry.refusal);
  return entry;
}

void HttpDoor::Serve(std::shared_ptr<HttpExchange> exchange) {
  const HttpRequest& request = exchange->request();
  if (const std::string origin(request.header("origin")); IsAllowedOrigin(origin)) {
    exchange = std::make_shared<AllowedExchange>(exchange, origin);
  }
  if (connect_ != nullptr && ConnectDoor::IsRpc(request.path)) {
    connect_->Serve(request.path, exchange);
  } else if (connect_ != nullptr && request.path == kFeedbackPath) {
    connect_->Serve(kFeedbackMethod, exchange);
  } else if (openai_ != nullptr && request.path == OpenAiDoor::kPath) {
    openai_->Serve(exchange);
  } else {
    pages_.Serve(exchange);
  }
}

HttpResponse HttpDoor::Malformed(const HttpRequest& request, int status, std::string_view what) {
  HttpResponse response = ErrorResponse(StatusOf(status, what));
  response.status = status;
  if (const std::string_view origin = request.header("origin"); IsAllowedOrigin(origin)) {
    AllowOrigin(origin, response);
  }
  return response;
}

}  // namespace pointsman::service
