// The shell around the engine: gRPC services, reflection, health, the admin port.
// Operation: Start binds and serves; Stop ends in this order: health NOT_SERVING, no new calls, calls
//   in flight finish, queue flushed, snapshots, close.
// Health entries: "" (the process), "pointsman.v1.Router" (serving), "pointsman.write" (the log can
//   be written).
// Errors: kUnavailable for an address that cannot be bound; those of the engine for the data folder.
// Threads: Start and Stop from one thread; Stop once.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "service/app/config.h"

namespace spdlog {
class logger;
}

namespace pointsman::service {

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerConfig& config,
                                                       const Clock& clock, spdlog::logger& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The actual ports (port 0 asks for any free one).
  int port() const;
  int admin_port() const;  // 0: none
  int http_port() const;   // 0: none
  void Stop();
  // Applies the settings that can change while it serves: the log level and most limits. Errors:
  // kFailedPrecondition with the settings that differ but cannot change; the others are applied nevertheless.
  absl::Status Reload(const ServerConfig& wanted);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::service
