#include "service/http/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "service/http/http_connection.h"
#include "service/http/http_connections.h"
#include "service/http/http_tls.h"

namespace pointsman::service {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int kThreads = 2;
constexpr std::chrono::milliseconds kAcceptAgain{50};

absl::Status CannotListen(const std::string& address, const std::string& why) {
  return absl::UnavailableError(Cat("cannot listen on HTTP address ", address, ": ", why,
                                    "; choose another with --http-listen"));
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, HttpApp& app)
      : options_(options),
        app_(app),
        connections_(options.connections_max, options.bodies_bytes_max),
        acceptor_(io_),
        pause_(io_) {}

  ~Impl() { Stop(); }

  void Stop() {
    CloseListener();
    connections_.CloseAll();
    io_.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  absl::Status Start() {
    if (options_.tls.is_on()) {
      auto tls = HttpTls::Open(options_.tls);
      if (!tls.ok()) return tls.status();
      tls_ = *std::move(tls);
    }
    const auto colon = options_.address.rfind(':');
    std::string host = options_.address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    tcp::resolver resolver(io_);
    const auto found =
        resolver.resolve(host, options_.address.substr(colon + 1), tcp::resolver::passive, error);
    if (error || found.empty()) return CannotListen(options_.address, error.message());
    const tcp::endpoint endpoint = found.begin()->endpoint();
    if (acceptor_.open(endpoint.protocol(), error); error) {
      return CannotListen(options_.address, error.message());
    }
    acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (acceptor_.bind(endpoint, error); error) {
      return CannotListen(options_.address, error.message());
    }
    if (acceptor_.listen(asio::socket_base::max_listen_connections, error); error) {
      return CannotListen(options_.address, error.message());
    }
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { io_.run(); });
    return absl::OkStatus();
  }

  void CloseListener() {
    asio::post(io_, [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
    });
  }

  int port() const { return port_; }

 private:
  void Accept() {
    acceptor_.async_accept(asio::make_strand(io_),
                           [this](boost::system::error_code error, tcp::socket socket) {
                             if (!acceptor_.is_open()) return;
                             if (error) return AcceptLater();
                             Take(std::move(socket));
                             Accept();
                           });
  }

  // Without open files accept fails at once, again and again.
  void AcceptLater() {
    pause_.expires_after(kAcceptAgain);
    pause_.async_wait([this](boost::system::error_code error) {
      if (!error && acceptor_.is_open()) Accept();
    });
  }

  void Take(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    StartConnection(std::move(socket), tls_ == nullptr ? nullptr : tls_->Context(), options_, app_,
                    connections_);
  }

  const HttpServerOptions options_;
  HttpApp& app_;
  HttpConnections connections_;  // before io_, which holds the connections
  asio::io_context io_{kThreads};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::unique_ptr<HttpTls> tls_;
  std::vector<std::thread> threads_;
  int port_ = 0;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              HttpApp& app) {
  auto impl = std::make_unique<Impl>(options, app);
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const { return impl_->port(); }
void HttpServer::CloseListener() { impl_->CloseListener(); }
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace pointsman::service
