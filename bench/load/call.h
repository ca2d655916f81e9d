// One asynchronous call in flight and the connections that carry them.
// Operation: Connections::Send starts a call; when the answer arrives, Call::done runs on the connection's
//   thread, and the call is deleted. Each connection has one thread that waits for answers.
// Threads: Send from any thread. `done` must not block, and may send the next call.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "bench/load/item_stream.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "pointsman/v1/admin.grpc.pb.h"
#include "pointsman/v1/router.grpc.pb.h"

namespace pointsman::bench {

using LoadTime = std::chrono::steady_clock::time_point;

// A separate connection with its stubs and its two streams.
struct Connection {
  using Routes = ItemStream<v1::RouteStreamRequest, v1::RouteStreamResponse>;
  using Feedbacks = ItemStream<v1::FeedbackStreamRequest, v1::FeedbackStreamResponse>;

  explicit Connection(const std::string& address);
  // Opened when they are first used.
  Routes& routes();
  Feedbacks& feedbacks();

  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::Router::Stub> router;
  const std::unique_ptr<v1::Admin::Stub> admin;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health;
  grpc::CompletionQueue queue;

 private:
  // Runs `body`; what it sends on a stream goes in one message.
  void Together(const std::function<void()>& body);

  std::once_flag routes_once_, feedbacks_once_;
  std::unique_ptr<Routes> routes_;
  std::unique_ptr<Feedbacks> feedbacks_;
};

class Call {
 public:
  virtual ~Call() = default;
  virtual void Start(Connection& connection) = 0;

  LoadTime intended;  // latency counts from here
  grpc::Status status;
  std::function<void(Call&)> done;

 protected:
  grpc::ClientContext context_;
};

// The stub's method for each request.
template <class Response>
using LoadReader = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>>;
inline LoadReader<v1::RouteResponse> Prepare(Connection& c, grpc::ClientContext* context,
                                             const v1::RouteRequest& request) {
  return c.router->PrepareAsyncRoute(context, request, &c.queue);
}
inline LoadReader<v1::RouteBatchResponse> Prepare(Connection& c, grpc::ClientContext* context,
                                                  const v1::RouteBatchRequest& request) {
  return c.router->PrepareAsyncRouteBatch(context, request, &c.queue);
}
inline LoadReader<v1::FeedbackResponse> Prepare(Connection& c, grpc::ClientContext* context,
                                                const v1::FeedbackRequest& request) {
  return c.router->PrepareAsyncFeedback(context, request, &c.queue);
}
inline LoadReader<v1::FeedbackBatchResponse> Prepare(Connection& c, grpc::ClientContext* context,
                                                     const v1::FeedbackBatchRequest& request) {
  return c.router->PrepareAsyncFeedbackBatch(context, request, &c.queue);
}
inline LoadReader<v1::PutArmResponse> Prepare(Connection& c, grpc::ClientContext* context,
                                              const v1::PutArmRequest& request) {
  return c.admin->PrepareAsyncPutArm(context, request, &c.queue);
}
inline LoadReader<v1::RemoveArmResponse> Prepare(Connection& c, grpc::ClientContext* context,
                                                 const v1::RemoveArmRequest& request) {
  return c.admin->PrepareAsyncRemoveArm(context, request, &c.queue);
}
inline LoadReader<grpc::health::v1::HealthCheckResponse> Prepare(
    Connection& c, grpc::ClientContext* context,
    const grpc::health::v1::HealthCheckRequest& request) {
  return c.health->PrepareAsyncCheck(context, request, &c.queue);
}

template <class Request, class Response>
class UnaryCall;
void SendOnStream(Connection& connection, UnaryCall<v1::RouteRequest, v1::RouteResponse>& call);
void SendOnStream(Connection& connection,
                  UnaryCall<v1::FeedbackRequest, v1::FeedbackResponse>& call);

template <class Request, class Response>
class UnaryCall final : public Call {
 public:
  // Sends `own`, or `shared` if given, which must outlive the call.
  explicit UnaryCall(const Request* shared = nullptr) : shared_(shared) {}

  void Start(Connection& connection) override {
    if constexpr (kHasStream) {
      if (is_streamed) return SendOnStream(connection, *this);
    }
    reader_ = Prepare(connection, &context_, request());
    reader_->StartCall();
    reader_->Finish(&response, &status, this);
  }

  const Request& request() const { return shared_ == nullptr ? own : *shared_; }

  static constexpr bool kHasStream =
      std::is_same_v<Request, v1::RouteRequest> || std::is_same_v<Request, v1::FeedbackRequest>;
  bool is_streamed = false;  // an item of the connection's stream, not a call
  Request own;
  Response response;
  std::size_t query = 0;  // index of the query among the load's texts

 private:
  const Request* const shared_;
  LoadReader<Response> reader_;
};

using RouteCall = UnaryCall<v1::RouteRequest, v1::RouteResponse>;
using BatchCall = UnaryCall<v1::RouteBatchRequest, v1::RouteBatchResponse>;
using FeedbackCall = UnaryCall<v1::FeedbackRequest, v1::FeedbackResponse>;
using FeedbackBatchCall = UnaryCall<v1::FeedbackBatchRequest, v1::FeedbackBatchResponse>;
using PutArmCall = UnaryCall<v1::PutArmRequest, v1::PutArmResponse>;
using RemoveArmCall = UnaryCall<v1::RemoveArmRequest, v1::RemoveArmResponse>;
using HealthCall =
    UnaryCall<grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse>;

class Connections {
 public:
  Connections(const std::string& address, std::size_t count);
  // Waits for the calls in flight.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Round robin over the connections.
  void Send(std::unique_ptr<Call> call);
  Connection& first() { return *connections_.front(); }

 private:
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace pointsman::bench
