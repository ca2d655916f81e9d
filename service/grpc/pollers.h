// Additional threads that move bytes between connections and calls. On a small machine gRPC has only two for
// its callback API. Two connections that never pause would occupy both, and no other connection would be
// read. With more threads, the system's scheduler divides the time among connections.
// Operation: each thread waits on a completion queue that no call uses, so gRPC uses it only for polling.
// Threads: create it before the server is built, start it afterwards, stop it after the server has shut down.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <thread>
#include <vector>

namespace pointsman::service {

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

}  // namespace pointsman::service
