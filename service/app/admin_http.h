// The admin port: GET /metrics (Prometheus text), /healthz (it lives, and may recover by
// itself if it does not serve), /readyz (it serves and is not stopping). Anything else is 404; /metrics is 401 to who may not read it.
// Errors: kUnavailable if the address cannot be bound, saying which.
// Threads: runs its own two; the callbacks are called from them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pointsman {

class AdminHttp {
 public:
  struct Pages {
    std::function<std::string()> metrics;
    std::function<std::string()> not_alive;  // empty: it lives; else why it should be restarted
    std::function<std::string()> not_ready;  // empty: ready; else why not
    // Whether who sends this as authorization may read /metrics; if not, it is told why.
    std::function<absl::Status(std::string_view authorization)> may_read;
  };

  // `address` is HOST:PORT; port 0 takes a free one.
  static absl::StatusOr<std::unique_ptr<AdminHttp>> Start(const std::string& address, Pages pages);
  ~AdminHttp();
  int port() const;

 private:
  class Impl;
  explicit AdminHttp(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman
