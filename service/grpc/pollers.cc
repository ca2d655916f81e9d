#include "service/grpc/pollers.h"

namespace pointsman::service {
namespace {

void Drain(grpc::ServerCompletionQueue& queue) {
  void* tag = nullptr;
  bool is_ok = false;
  while (queue.Next(&tag, &is_ok)) {
  }
}

}  // namespace

Pollers::Pollers(grpc::ServerBuilder& builder, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) queues_.push_back(builder.AddCompletionQueue());
}

void Pollers::Start() {
  for (const auto& queue : queues_) threads_.emplace_back([&queue] { Drain(*queue); });
}

Pollers::~Pollers() {
  for (const auto& queue : queues_) queue->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  for (const auto& queue : queues_) Drain(*queue);  // gRPC destroys only empty queues
}

}  // namespace pointsman::service
