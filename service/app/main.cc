// pointsmand: read the config, start the server, wait for a signal, stop.
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "base/strings.h"
#include "base/version.h"
#include "service/app/config.h"
#include "service/app/flags.h"
#include "service/app/server.h"
#include "service/observe/log.h"
#include "tools/pages/page_flags.h"

namespace {

using pointsman::service::ServerConfig;

struct Flags {
  std::string config, data_dir, backup_dir, listen, http_listen, admin_listen;
  bool no_http = false;
  bool insecure = false;
  bool admin_insecure = false;
  bool check_config = false;
};

absl::StatusOr<ServerConfig> Configure(const Flags& flags) {
  ServerConfig config;
  if (!flags.config.empty()) {
    auto loaded = pointsman::service::LoadConfig(flags.config);
    if (!loaded.ok()) return loaded.status();
    config = *std::move(loaded);
  }
  if (!flags.data_dir.empty()) config.data_dir = flags.data_dir;
  if (!flags.backup_dir.empty()) config.backup_dir = flags.backup_dir;
  if (!flags.listen.empty()) config.listen = flags.listen;
  if (!flags.http_listen.empty()) config.http_listen = flags.http_listen;
  if (!flags.admin_listen.empty()) config.admin_listen = flags.admin_listen;
  if (flags.no_http) {
    config.http_listen = "";
    config.admin_listen = "";
  }
  config.insecure |= flags.insecure;
  config.admin_insecure |= flags.admin_insecure;
  if (auto status = pointsman::service::ValidateAddress("--listen", config.listen); !status.ok()) {
    return status;
  }
  for (const auto& [flag, address] : {std::pair("--http-listen", config.http_address()),
                                      std::pair("--admin-listen", config.admin_address())}) {
    if (address.empty()) continue;
    if (auto status = pointsman::service::ValidateAddress(flag, address); !status.ok()) {
      return status;
    }
  }
  if (auto status = pointsman::service::ValidateServing(config); !status.ok()) return status;
  return config;
}

// SIGTERM, SIGINT and SIGHUP, as bytes in a pipe. Blocking them for sigwait is not enough: a library may have
// started threads before main (OpenBLAS does) that do not block them, and a signal that arrives before
// sigwait would end the process there.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a signal handler reaches nothing else
int signal_pipe[2];

void SendSignal(int signal) {
  const auto byte = static_cast<unsigned char>(signal);
  // The pipe holds thousands of signals; more carry no new information.
  [[maybe_unused]] const ssize_t written = write(signal_pipe[1], &byte, 1);
}

bool CatchSignals() {
  if (pipe2(signal_pipe, O_CLOEXEC) != 0) return false;
  fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = SendSignal;
  action.sa_flags = SA_RESTART;
  return sigaction(SIGTERM, &action, nullptr) == 0 && sigaction(SIGINT, &action, nullptr) == 0 &&
         sigaction(SIGHUP, &action, nullptr) == 0;
}

int WaitForSignal() {
  unsigned char signal = 0;
  while (read(signal_pipe[0], &signal, 1) != 1) {
  }
  return signal;
}

// RocksDB keeps a thousand files open, which is the default limit of many systems.
void AllowOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

void Reload(const Flags& flags, pointsman::service::Server& server, spdlog::logger& log) {
  const auto config = Configure(flags);
  if (!config.ok()) {
    log.error("the config could not be reloaded; the old settings stay in force: {}",
              pointsman::ToStd(config.status().message()));
    return;
  }
  const absl::Status reloaded = server.Reload(*config);
  if (reloaded.ok()) {
    log.info("the config was reloaded");
  } else {
    log.warn("the config was reloaded in part: {}", pointsman::ToStd(reloaded.message()));
  }
}

int Fail(const absl::Status& status) {
  std::cerr << "pointsmand: " << pointsman::ToStd(status.message()) << "\n";
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status)
             ? pointsman::service::kExitUsage
             : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("pointsmand: the Pointsman routing service", "pointsmand");
  Flags flags;
  app.add_option("--config", flags.config, "YAML file; flags override it");
  app.add_option("--data-dir", flags.data_dir, "data folder [./data]");
  app.add_option("--backup-dir", flags.backup_dir,
                 "folder for backups [backups in the data folder]");
  app.add_option("--listen", flags.listen, "HOST:PORT to serve gRPC on [127.0.0.1:7717]");
  app.add_option("--http-listen", flags.http_listen,
                 "HOST:PORT to serve the API as JSON, /metrics, /healthz and /readyz on "
                 "[127.0.0.1:7718, or none with --admin-listen]");
  app.add_option("--admin-listen", flags.admin_listen,
                 "HOST:PORT to serve only /metrics, /healthz and /readyz on [none]");
  app.add_flag("--no-http,--no-admin", flags.no_http, "open neither of these two ports");
  app.add_flag("--insecure", flags.insecure,
               "allow gRPC and HTTP beyond this machine without TLS or client authentication");
  app.add_flag("--admin-insecure", flags.admin_insecure,
               "allow --admin-listen, which has no TLS, beyond this machine");
  app.add_flag("--check-config", flags.check_config, "check the config and exit");
  app.footer(
      "Example: pointsmand --data-dir ./data --listen 127.0.0.1:7717\n"
      "SIGHUP reloads the config: the log level and most limits change at once.\n"
      "Exit codes: 0 stopped by a signal, 1 cannot start, 2 bad config or flag");
  pointsman::tools::AddPageFlags(
      app, {.section = 8, .summary = "the Pointsman routing service", .see_also = "pointsman(1)"});
  if (const auto code = pointsman::service::ParseFlags(app, pointsman::Version(), argc, argv))
    return *code;

  // gRPC's own lines on stderr add nothing to our errors; GRPC_VERBOSITY turns them on.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  // Protobuf's lines add nothing either. It would write one outside of the log's format for each text that is
  // not UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  // gRPC uses Abseil's locks, and Debian builds them with deadlock detection at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const auto config = Configure(flags);
  if (!config.ok()) return Fail(config.status());
  if (flags.check_config) {
    std::cout << "config ok\n";
    return 0;
  }
  AllowOpenFiles();
  if (!CatchSignals()) {
    return Fail(pointsman::FailedPrecondition("cannot catch signals: ", std::strerror(errno)));
  }
  const auto log = pointsman::service::MakeLogger(*config);
  const pointsman::SystemClock clock;
  auto server = pointsman::service::Server::Start(*config, clock, *log);
  if (!server.ok()) return Fail(server.status());
  log->info("listening on {} (port {}), admin port {}, HTTP port {}", config->listen,
            (*server)->port(), (*server)->admin_port(), (*server)->http_port());

  int signal = WaitForSignal();
  for (; signal == SIGHUP; signal = WaitForSignal()) Reload(flags, **server, *log);
  log->info("stopping on signal {}", signal);
  (*server)->Stop();
  return 0;
}
