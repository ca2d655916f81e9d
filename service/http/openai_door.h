// Decisions for clients that speak OpenAI's API: POST /routing/v1/chat/completions takes an unchanged request body
// and answers which model to send it to. Nothing is relayed: the caller makes the call itself, and reports it to
// POST /routing/v1/feedback, whose body is a FeedbackRequest.
// openai_request.h says what is read of the request.
// Errors: as connect_error.h writes them, and in `error` as OpenAI's clients expect them.
// Threads: any; does not block.
#pragma once

#include <memory>
#include <string_view>

#include "domain/live_limits.h"
#include "service/access/admission.h"
#include "service/api/router_calls.h"
#include "service/http/http_message.h"

namespace pointsman::service {

class OpenAiDoor {
 public:
  static constexpr std::string_view kPath = "/routing/v1/chat/completions";

  // All arguments must outlive it.
  OpenAiDoor(RouterCalls& router, Admission& admission, const LiveLimits& limits)
      : router_(router), admission_(admission), limits_(limits) {}

  HttpApp::Entry AtHeaders(const HttpRequest& request) const;
  void Serve(const std::shared_ptr<HttpExchange>& exchange) const;

 private:
  RouterCalls& router_;
  Admission& admission_;
  const LiveLimits& limits_;
};

}  // namespace pointsman::service
