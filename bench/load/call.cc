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

// The id of a call's item is its address.
template <class Request, class Response>
UnaryCall<Request, Response>* CallOf(uint64_t id) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it was this pointer when the item was sent
  return reinterpret_cast<UnaryCall<Request, Response>*>(id);
}

template <class Request, class Response, class Item>
void Answered(Item& item) {
  const std::unique_ptr<UnaryCall<Request, Response>> call(CallOf<Request, Response>(item.id()));
  if (item.has_error()) {
    call->status = {static_cast<grpc::StatusCode>(item.error().code()), item.error().message()};
  } else {
    call->response = std::move(*item.mutable_response());
  }
  call->done(*call);
}

template <class Request, class Response>
void Failed(uint64_t id, const grpc::Status& status) {
  const std::unique_ptr<UnaryCall<Request, Response>> call(CallOf<Request, Response>(id));
  call->status =
      status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended") : status;
  call->done(*call);
}

}  // namespace

Connection::Routes& Connection::routes() {
  std::call_once(routes_once_, [this] {
    routes_ = std::make_unique<Routes>(
        Routes::Callbacks{[this](grpc::ClientContext* context, Routes* stream) {
                            router->async()->RouteStream(context, stream);
                          },
                          [this](v1::RouteStreamResponse& answer) {
                            Together([&] {
                              for (auto& item : *answer.mutable_items()) {
                                Answered<v1::RouteRequest, v1::RouteResponse>(item);
                              }
                            });
                          },
                          Failed<v1::RouteRequest, v1::RouteResponse>});
  });
  return *routes_;
}

Connection::Feedbacks& Connection::feedbacks() {
  std::call_once(feedbacks_once_, [this] {
    feedbacks_ = std::make_unique<Feedbacks>(
        Feedbacks::Callbacks{[this](grpc::ClientContext* context, Feedbacks* stream) {
                               router->async()->FeedbackStream(context, stream);
                             },
                             [this](v1::FeedbackStreamResponse& answer) {
                               Together([&] {
                                 for (auto& item : *answer.mutable_items()) {
                                   Answered<v1::FeedbackRequest, v1::FeedbackResponse>(item);
                                 }
                               });
                             },
                             Failed<v1::FeedbackRequest, v1::FeedbackResponse>});
  });
  return *feedbacks_;
}

void Connection::Together(const std::function<void()>& body) {
  routes().Hold();
  feedbacks().Hold();
  body();
  feedbacks().Release();
  routes().Release();
}

void SendOnStream(Connection& connection, RouteCall& call) {
  Connection::Routes::Asked item;
  item.set_id(reinterpret_cast<uint64_t>(&call));
  *item.mutable_request() = call.request();
  connection.routes().Send(std::move(item));
}

void SendOnStream(Connection& connection, FeedbackCall& call) {
  Connection::Feedbacks::Asked item;
  item.set_id(reinterpret_cast<uint64_t>(&call));
  *item.mutable_request() = call.request();
  connection.feedbacks().Send(std::move(item));
}

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
