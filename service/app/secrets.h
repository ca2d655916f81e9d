// The files with secrets that a server uses: tokens, and the TLS certificate. They are read at the start, and again when
// they change.
// Errors: those of a file that is faulty at the start; later a faulty file is logged, and the old one stays in force.
// Threads: one at a time.
#pragma once

#include "absl/status/status.h"
#include "service/access/access.h"
#include "service/access/watched_files.h"
#include "service/app/config.h"
#include "service/observe/metrics.h"

namespace spdlog {
class logger;
}

namespace pointsman::service {

class Secrets {
 public:
  // All outlive it.
  Secrets(const ServerConfig& config, spdlog::logger& log, Access& access, Metrics& metrics);

  absl::Status Read();
  void Look();

 private:
  void LookAtTokens();
  void LookAtCertificate();

  const ServerConfig& config_;
  spdlog::logger& log_;
  Access& access_;
  Metrics& metrics_;
  WatchedFiles tokens_;
  WatchedFiles certificates_;
};

}  // namespace pointsman::service
