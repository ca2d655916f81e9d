// pointsmand as a separate process on a free port, with stubs, for tests that kill it.
// Threads: one owner; the stubs from any.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "pointsman/v1/router.grpc.pb.h"

namespace pointsman::tests {

class ServerProcess {
 public:
  // Starts it with `arguments` beside the folder and the ports, and returns at once. `file_kb_max`: its files
  // cannot grow beyond this size, and a write that would is an I/O error; 0: no limit.
  explicit ServerProcess(const std::string& folder, std::vector<std::string> arguments = {},
                         int file_kb_max = 0);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Waits until it listens, and creates the stubs. False: the process ended; `output` has the reason.
  bool WaitUntilItServes();
  // Sends SIGKILL and waits for the end; idempotent.
  void Kill();
  // Sends SIGTERM, waits for the end, and returns the exit code.
  int Stop();
  void Signal(int signal) { kill(pid_, signal); }
  // Whether the process still runs.
  bool IsAlive() const;

  std::string output() const;  // stderr so far; after Stop or Kill, all of it
  int admin_port() const { return admin_port_; }
  const std::string& address() const { return address_; }

  std::unique_ptr<v1::Router::Stub> router;
  std::unique_ptr<v1::Admin::Stub> admin;

 private:
  int Wait(int signal);

  pid_t pid_ = 0;
  void Drain();
  int reader_ = -1;
  std::thread drain_;  // keeps reading, so that the server never blocks on its output
  int admin_port_ = 0;
  std::string address_;
  mutable Mutex mutex_;
  CondVar read_;
  std::string output_ GUARDED_BY(mutex_);
  bool is_over_ GUARDED_BY(mutex_) = false;
};

}  // namespace pointsman::tests
