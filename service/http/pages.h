// The pages of the HTTP listener: GET /metrics (Prometheus text), /healthz (the server is alive; if it does not
// serve, it may still recover by itself), /readyz (it serves and is not stopping), /openapi.json (the contract), and the
// console (console.h). /metrics answers 401 to clients that may not read it. All other paths answer 404, and name these.
// "/" is the console for browsers; for others it names all that the port answers.
// Threads: any. /metrics of many pools takes long, so a thread of its own makes it.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "service/http/http_message.h"

namespace pointsman::service {

struct PageSources {
  std::function<std::string()> metrics;
  std::function<std::string()> not_alive;  // empty: alive; else why it should be restarted
  std::function<std::string()> not_ready;  // empty: ready; else why not
  // Whether a client with this authorization may read /metrics. The client is sent the error.
  std::function<absl::Status(std::string_view authorization)> may_read;
  bool has_api = true;  // false: on a port of /metrics, /healthz and /readyz alone
};

class Pages {
 public:
  explicit Pages(PageSources sources) : sources_(std::move(sources)) {}
  // Answers a GET or HEAD.
  void Serve(const std::shared_ptr<HttpExchange>& exchange);
  // Waits for the pages that are being made. Later requests for them get no answer.
  void Finish() { slow_.join(); }

 private:
  const PageSources sources_;
  boost::asio::thread_pool slow_{1};  // last: its thread uses the others
};

}  // namespace pointsman::service
