// A unary call that came in by HTTP, passed to the handler that all doors share.
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "service/api/call.h"
#include "service/http/http_message.h"

namespace pointsman::service {

class HttpCallInfo final : public CallInfo {
 public:
  explicit HttpCallInfo(std::shared_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}
  std::string_view authorization() const override {
    return exchange_->request().header("authorization");
  }
  std::string peer() const override { return exchange_->request().peer; }
  bool is_given_up() const override { return exchange_->is_answered(); }

 private:
  const std::shared_ptr<HttpExchange> exchange_;
};

// `encode`: HttpResponse(const absl::Status&, const Response&), called once, with the response if the status is OK.
template <class Request, class Response, class Encode>
class HttpCall final : public Call {
 public:
  HttpCall(const std::shared_ptr<HttpExchange>& exchange, Admission& admission, Request asked,
           Encode encode)
      : Call(admission),
        request(std::move(asked)),
        exchange_(exchange),
        info_(exchange),
        encode_(std::move(encode)) {}

  const Request request;
  Response response;

 private:
  const CallInfo& info() const override { return info_; }
  void Answer(const absl::Status& status) override {
    exchange_->Respond(encode_(status, response));
  }

  const std::shared_ptr<HttpExchange> exchange_;
  const HttpCallInfo info_;
  const Encode encode_;
};

// Passes `request` to `handler`, a member of `calls`.
template <class Calls, class Request, class Response, class Encode>
void ServeHttp(const std::shared_ptr<HttpExchange>& exchange, Admission& admission, Calls& calls,
               void (Calls::*handler)(const CallPtr&, const Request&, Response&), Request request,
               Encode encode) {
  const auto call = std::make_shared<HttpCall<Request, Response, Encode>>(
      exchange, admission, std::move(request), std::move(encode));
  if (call->Enter(FactsOf(call->request))) (calls.*handler)(call, call->request, call->response);
}

}  // namespace pointsman::service
