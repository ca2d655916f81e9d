#include "tests/support/server_process.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "base/check.h"
#include "tests/paths.h"
#include "tests/support/spawn.h"

namespace pointsman::tests {
namespace {

// The number after `word` in `text`; -1 if it is missing or incomplete.
int NumberAfter(const std::string& text, const std::string& word) {
  const auto at = text.find(word);
  if (at == std::string::npos ||
      text.find_first_not_of("0123456789", at + word.size()) == std::string::npos) {
    return -1;
  }
  return std::atoi(text.c_str() + at + word.size());
}

}  // namespace

ServerProcess::ServerProcess(const std::string& folder, std::vector<std::string> arguments,
                             int file_kb_max) {
  std::array<int, 2> err{};
  POINTSMAN_CHECK(pipe2(err.data(), O_CLOEXEC) == 0);
  std::vector<std::string> words;
  if (file_kb_max > 0) {
    // In blocks of 512 bytes. The signal is ignored, so such a write fails instead.
    words = {"/bin/sh", "-c", "ulimit -f $0; trap '' XFSZ; exec \"$@\"",
             std::to_string(2 * file_kb_max)};
  }
  const std::string binary = POINTSMAN_BIN_DIR "/pointsmand";
  for (const char* word : {binary.c_str(), "--data-dir", folder.c_str(), "--listen", "127.0.0.1:0",
                           "--admin-listen", "127.0.0.1:0"}) {
    words.emplace_back(word);
  }
  words.insert(words.end(), arguments.begin(), arguments.end());
  pid_ = Spawn(std::move(words), {{err[1], STDERR_FILENO}});
  close(err[1]);
  reader_ = err[0];
  drain_ = std::thread([this] { Drain(); });
}

ServerProcess::~ServerProcess() {
  Kill();
  close(reader_);
}

void ServerProcess::Drain() {
  std::array<char, 4096> part{};
  for (ssize_t n = 0; (n = read(reader_, part.data(), part.size())) > 0;) {
    MutexLock lock(mutex_);
    output_.append(part.data(), static_cast<std::size_t>(n));
    read_.NotifyAll();
  }
  MutexLock lock(mutex_);
  is_over_ = true;
  read_.NotifyAll();
}

std::string ServerProcess::output() const {
  MutexLock lock(mutex_);
  return output_;
}

bool ServerProcess::WaitUntilItServes() {
  {
    MutexLock lock(mutex_);
    // "listening on ... (port N), admin port M" and a line feed.
    while (NumberAfter(output_, "admin port ") < 0) {
      if (is_over_) return false;
      read_.Wait(mutex_);
    }
    admin_port_ = NumberAfter(output_, "admin port ");
    address_ = "127.0.0.1:" + std::to_string(NumberAfter(output_, "(port "));
  }
  // A separate channel, so that no connection to an earlier process is reused.
  grpc::ChannelArguments own;
  own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), own);
  router = v1::Router::NewStub(channel);
  admin = v1::Admin::NewStub(channel);
  return true;
}

int ServerProcess::Wait(int signal) {
  if (pid_ == 0) return 0;
  kill(pid_, signal);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  drain_.join();  // reads its last output
  return status;
}

void ServerProcess::Kill() { Wait(SIGKILL); }

int ServerProcess::Stop() {
  const int status = Wait(SIGTERM);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool ServerProcess::IsAlive() const { return pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }

}  // namespace pointsman::tests
