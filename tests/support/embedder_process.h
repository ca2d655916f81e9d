// embedder_server.py as a separate process: an embeddings API that can be made to fail in every way.
// Threads: one owner.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

#include "retrieval/remote/endpoint.h"

namespace pointsman::tests {

class EmbedderProcess {
 public:
  explicit EmbedderProcess(std::vector<std::string> arguments = {});
  ~EmbedderProcess();  // ends the process
  EmbedderProcess(const EmbedderProcess&) = delete;
  EmbedderProcess& operator=(const EmbedderProcess&) = delete;

  int port() const { return port_; }
  // An endpoint named "test" for this server, with short deadlines.
  retrieval::RemoteEndpoint Endpoint() const;
  // Sends a command, and returns the line that it answers.
  std::string Tell(const std::string& command);
  // A number from its `stats`.
  int64_t Count(const std::string& name);
  std::string Text(const std::string& name);
  void Kill();

 private:
  std::string ReadLine();

  pid_t pid_ = 0;
  int to_ = -1;
  FILE* from_ = nullptr;
  int port_ = 0;
};

}  // namespace pointsman::tests
