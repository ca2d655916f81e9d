#include "service/http/connect_door.h"

#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "service/api/unary_calls.h"
#include "service/http/connect_codec.h"
#include "service/http/connect_error.h"
#include "service/http/connect_import.h"
#include "service/http/http_call.h"

namespace pointsman::service {
namespace {

constexpr std::size_t kTimeoutDigitsMax = 10;

std::optional<Codec> CodecOf(const HttpRequest& request) {
  std::string type = absl::AsciiStrToLower(ToAbsl(request.header("content-type")));
  const auto semicolon = type.find(';');
  const std::string parameters = semicolon == std::string::npos ? "" : type.substr(semicolon + 1);
  type.resize(std::min(type.size(), semicolon));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  if (type == "application/proto" && parameters.empty()) return Codec::kProto;
  if (type != "application/json") return std::nullopt;
  const bool is_utf8 = parameters.empty() || parameters.find("utf-8") != std::string::npos ||
                       parameters.find("utf8") != std::string::npos;
  return is_utf8 ? std::optional(Codec::kJson) : std::nullopt;
}

// An error of the protocol, with the HTTP status that it has for it.
HttpResponse Plain(int status, std::string_view code, std::string_view message,
                   std::vector<std::pair<std::string, std::string>> headers) {
  return {.status = status,
          .type = "application/json",
          .body = Cat(R"({"code":")", code, R"(","message":")", message, R"("})"),
          .headers = std::move(headers)};
}

absl::Status CheckProtocol(const HttpRequest& request) {
  const std::string_view version = request.header("connect-protocol-version");
  if (!version.empty() && version != "1") {
    return InvalidArgument("connect-protocol-version must be 1, got ", Quoted(version));
  }
  const std::string_view encoding = request.header("content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return absl::UnimplementedError(
        Cat("requests are not decompressed: send them without Content-Encoding, not ",
            Quoted(encoding)));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TimeoutOf(const HttpRequest& request) {
  const std::string_view text = request.header("connect-timeout-ms");
  if (text.empty()) return 0;
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.size() > kTimeoutDigitsMax || parsed.ec != std::errc() ||
      parsed.ptr != text.data() + text.size() || value < 0) {
    return InvalidArgument("connect-timeout-ms must be a whole number of at most ",
                           kTimeoutDigitsMax, " digits, got ", Quoted(text));
  }
  return std::max<int64_t>(value, 1);
}

HttpResponse Encode(const google::protobuf::Message& message, Codec codec) {
  absl::StatusOr<std::string> text = EncodeMessage(message, codec);
  if (!text.ok()) return ErrorResponse(text.status());
  return {.type = codec == Codec::kJson ? "application/json" : "application/proto",
          .body = *std::move(text)};
}

HttpResponse WrongType(const std::string& types) {
  return Plain(415, "unknown", Cat("the Content-Type of this method must be ", types),
               {{"Accept-Post", types}});
}

}  // namespace

ConnectDoor::ConnectDoor(const EngineSlot& engine, RouterCalls& router, AdminCalls& admin,
                         InsightCalls& insight, Admission& admission, const LiveLimits& limits)
    : admission_(admission), limits_(limits) {
  const std::string_view import_path = MethodOf(MethodId::kImportOutcomes).path;
  handlers_[import_path] = [this, &engine](const std::shared_ptr<HttpExchange>& exchange) {
    ServeConnectImport(exchange, engine, admission_, MessageBytesMax());
  };
  const auto add = [this]<class Calls, class Request, class Response>(
                       Calls& calls,
                       void (Calls::*handler)(const CallPtr&, const Request&, Response&)) {
    const Method& method = MethodOf(FactsOf(Request()).method);
    handlers_[method.path] = [this, &calls,
                              handler](const std::shared_ptr<HttpExchange>& exchange) {
      const Codec codec = *CodecOf(exchange->request());  // AtHeaders has refused all others
      Request request;
      if (const absl::Status status = DecodeMessage(exchange->request().body, codec, request);
          !status.ok()) {
        return exchange->Respond(ErrorResponse(status));
      }
      ServeHttp(exchange, admission_, calls, handler, std::move(request),
                [codec](const absl::Status& status, const Response& response) {
                  return status.ok() ? Encode(response, codec) : ErrorResponse(status);
                });
    };
  };
  ForEachUnaryCall(router, admin, insight, add);
}

std::vector<std::string_view> ConnectDoor::paths() const {
  std::vector<std::string_view> paths;
  for (const auto& [path, unused] : handlers_) paths.push_back(path);
  return paths;
}

HttpApp::Entry ConnectDoor::AtHeaders(std::string_view path, const HttpRequest& request) const {
  const auto refuse = [](HttpResponse response) {
    return HttpApp::Entry{.refusal = std::move(response)};
  };
  const auto fault = [&](const absl::Status& status) {
    return refuse(IsConnectStream(request) ? StreamError(request, status) : ErrorResponse(status));
  };
  if (const absl::Status status =
          admission_.AtArrival(path, request.header("authorization"), request.connection);
      !status.ok()) {
    return fault(status);
  }
  if (path == MethodOf(MethodId::kRouteStream).path ||
      path == MethodOf(MethodId::kFeedbackStream).path) {
    return fault(absl::UnimplementedError(
        "HTTP/1.1 has no streams in both directions; use gRPC for them, or RouteBatch and "
        "FeedbackBatch here"));
  }
  if (!handlers_.contains(path)) {
    return refuse(Plain(404, "unimplemented", "this server has no such method", {}));
  }
  if (request.method != "POST") {
    return refuse(Plain(405, "unimplemented", "a method of the API is called with POST",
                        {{"Allow", "POST"}}));
  }
  const bool is_stream = path == MethodOf(MethodId::kImportOutcomes).path;
  if (is_stream && !IsConnectStream(request)) {
    return refuse(WrongType("application/connect+json, application/connect+proto"));
  }
  if (!is_stream && !CodecOf(request)) {
    return refuse(WrongType("application/json, application/proto"));
  }
  if (const absl::Status status = CheckProtocol(request); !status.ok()) return fault(status);
  if (const auto timeout = TimeoutOf(request); !timeout.ok()) return fault(timeout.status());
  return {.refusal = std::nullopt, .body_bytes_max = MessageBytesMax(), .is_streamed = is_stream};
}

std::size_t ConnectDoor::MessageBytesMax() const {
  return static_cast<std::size_t>(limits_.Get().message_bytes_max);
}

void ConnectDoor::Serve(std::string_view path,
                        const std::shared_ptr<HttpExchange>& exchange) const {
  const HttpRequest& request = exchange->request();
  if (const auto timeout = TimeoutOf(request); timeout.ok() && *timeout > 0) {
    const absl::Status expired =
        absl::DeadlineExceededError(Cat("the call did not end within the ", *timeout,
                                        " ms of connect-timeout-ms; it may still take effect"));
    exchange->AnswerWithin(*timeout, IsConnectStream(request) ? StreamError(request, expired)
                                                              : ErrorResponse(expired));
  }
  handlers_.at(path)(exchange);
}

}  // namespace pointsman::service
