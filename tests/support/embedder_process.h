// embedder_server.py as a process of its own: an embeddings API that can be told to fail in every way.
// Threads: one owner.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

#include "retrieval/remote/endpoint.h"

namespace pointsman {

class EmbedderProcess {
 public:
  explicit EmbedderProcess(std::vector<std::string> arguments = {});
  ~EmbedderProcess();  // ends it
  EmbedderProcess(const EmbedderProcess&) = delete;
  EmbedderProcess& operator=(const EmbedderProcess&) = delete;

  int port() const { return port_; }
  // An endpoint named "test" of it, with short deadlines.
  RemoteEndpoint Endpoint() const;
  // A command of its, and the line that it answered.
  std::string Tell(const std::string& command);
  // A number of its `stats`.
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

}  // namespace pointsman
