#include "bench/load/call.h"

#include <utility>

namespace pointsman::bench {
namespace {

std::shared_ptr<grpc::Channel> OwnChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void Answer(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    call->done(*call);
  }
}

}  // namespace

Connection::Connection(const std::string& address)
    : channel(OwnChannel(address)),
      router(v1::Router::NewStub(channel)),
      admin(v1::Admin::NewStub(channel)),
      health(grpc::health::v1::Health::NewStub(channel)) {}

Connections::Connections(const std::string& address, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    connections_.push_back(std::make_unique<Connection>(address));
    threads_.emplace_back([queue = &connections_.back()->queue] { Answer(*queue); });
  }
}

Connections::~Connections() {
  for (auto& connection : connections_) connection->queue.Shutdown();
  for (auto& thread : threads_) thread.join();
}

void Connections::Send(std::unique_ptr<Call> call) {
  const std::size_t at = next_.fetch_add(1, std::memory_order_relaxed) % connections_.size();
  call.release()->Start(*connections_[at]);  // from here on, the connection's thread owns it
}

}  // namespace pointsman::bench
