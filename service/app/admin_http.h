// The admin port: GET /metrics (Prometheus text), /healthz (the server is alive; if it does not serve, it may
// still recover by itself), /readyz (it serves and is not stopping). /metrics answers 401 to clients that may
// not read it. All other paths answer 404.
// Errors: kUnavailable, with the address, if the address cannot be bound.
// Threads: runs two of its own, and invokes the callbacks on them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pointsman::service {

class AdminHttp {
 public:
  struct Pages {
    std::function<std::string()> metrics;
    std::function<std::string()> not_alive;  // empty: alive; else why it should be restarted
    std::function<std::string()> not_ready;  // empty: ready; else why not
    // Whether a client with this authorization may read /metrics. The client is sent the error.
    std::function<absl::Status(std::string_view authorization)> may_read;
  };

  // `address` is HOST:PORT; port 0 means any free port.
  static absl::StatusOr<std::unique_ptr<AdminHttp>> Start(const std::string& address, Pages pages);
  ~AdminHttp();
  int port() const;

 private:
  class Impl;
  explicit AdminHttp(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::service
