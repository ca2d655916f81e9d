// Threads that move bytes between connections and calls, beside the two that gRPC has for its callback
// API on a small machine. Two connections that never pause would hold those two, and nobody else would be
// read from; with more threads the system's scheduler divides time among connections.
// Operation: a thread each, waiting on a completion queue that no call ever uses; all that gRPC gives it to do
//   is to poll.
// Threads: made before the server is built, started after, stopped after the server has shut down.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <thread>
#include <vector>

namespace pointsman {

class Pollers {
 public:
  Pollers(grpc::ServerBuilder& builder, std::size_t count);
  ~Pollers();
  Pollers(const Pollers&) = delete;
  Pollers& operator=(const Pollers&) = delete;

  void Start();

 private:
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::vector<std::thread> threads_;
};

}  // namespace pointsman
