#include "tests/support/embedder_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "tests/paths.h"
#include "tests/support/spawn.h"

namespace pointsman::tests {

EmbedderProcess::EmbedderProcess(std::vector<std::string> arguments) {
  std::array<int, 2> in{}, out{};
  POINTSMAN_CHECK(pipe2(in.data(), O_CLOEXEC) == 0 && pipe2(out.data(), O_CLOEXEC) == 0);
  std::vector<std::string> words = {"python3",
                                    POINTSMAN_SOURCE_DIR "/tests/support/embedder_server.py"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  pid_ = Spawn(std::move(words), {{in[0], STDIN_FILENO}, {out[1], STDOUT_FILENO}});
  close(in[0]);
  close(out[1]);
  to_ = in[1];
  from_ = fdopen(out[0], "r");
  port_ = std::atoi(ReadLine().c_str());
  POINTSMAN_CHECK(port_ > 0);
}

EmbedderProcess::~EmbedderProcess() {
  Kill();
  close(to_);
  std::fclose(from_);
}

void EmbedderProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

retrieval::RemoteEndpoint EmbedderProcess::Endpoint() const {
  retrieval::RemoteEndpoint endpoint;
  endpoint.name = "test";
  endpoint.url = "http://127.0.0.1:" + std::to_string(port_) + "/v1";
  endpoint.model = "words";
  endpoint.api_key = "sk-secret-of-the-test";
  endpoint.deadline_ms = 400;
  endpoint.breaker_open_ms = 50;
  endpoint.breaker_open_ms_max = 200;
  return endpoint;
}

std::string EmbedderProcess::ReadLine() {
  std::string line;
  for (int c = std::fgetc(from_); c != EOF && c != '\n'; c = std::fgetc(from_)) {
    line += static_cast<char>(c);
  }
  return line;
}

std::string EmbedderProcess::Tell(const std::string& command) {
  const std::string line = command + "\n";
  POINTSMAN_CHECK(write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  return ReadLine();
}

std::string EmbedderProcess::Text(const std::string& name) {
  const std::string stats = Tell("stats");
  const std::string key = "\"" + name + "\": ";
  const auto at = stats.find(key);
  POINTSMAN_CHECK(at != std::string::npos);
  const auto begin = at + key.size();
  return stats.substr(begin, stats.find_first_of(",}", begin) - begin);
}

int64_t EmbedderProcess::Count(const std::string& name) { return std::atoll(Text(name).c_str()); }

}  // namespace pointsman::tests
