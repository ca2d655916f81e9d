// Everything that the HTTP listener serves: the API (connect_door.h), the OpenAI shape (openai_door.h), and the
// pages /metrics, /healthz, /readyz and /openapi.json.
// Browsers: a page of another site reads and calls nothing here, unless its origin is allowed by name
//   (http_origins). Where the server asks for no token, the Host header must be an address or localhost, so that
//   a site that points its name at this machine gets nothing either.
// Threads: the HTTP server's. /metrics is made on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "service/http/connect_door.h"
#include "service/http/http_message.h"
#include "service/http/openai_door.h"
#include "service/http/pages.h"

namespace pointsman::service {

struct HttpDoorOptions {
  std::vector<std::string> origins;  // "https://app.example.com"; their pages may call the API
  bool is_host_checked = false;
};

class HttpDoor final : public HttpApp {
 public:
  // `connect` and `openai`: null on a listener of pages alone. They must outlive it.
  HttpDoor(HttpDoorOptions options, PageSources pages, const ConnectDoor* connect,
           const OpenAiDoor* openai)
      : options_(std::move(options)),
        pages_(std::move(pages)),
        connect_(connect),
        openai_(openai) {}

  Entry AtHeaders(const HttpRequest& request) override;
  void Serve(std::shared_ptr<HttpExchange> exchange) override;
  HttpResponse Malformed(int status, std::string_view what) override;
  void Complete(const HttpRequest& request, HttpResponse& response) override;
  // Before the server that calls it ends: waits for answers that are being made on a thread of its own.
  void Finish() { pages_.Finish(); }

 private:
  bool IsAllowedOrigin(std::string_view origin) const;
  HttpResponse Preflight(const HttpRequest& request) const;

  const HttpDoorOptions options_;
  Pages pages_;
  const ConnectDoor* const connect_;
  const OpenAiDoor* const openai_;
};

}  // namespace pointsman::service
