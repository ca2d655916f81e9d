#include "service/http/http_connection.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "service/http/http_head.h"
#include "service/http/http_text.h"

namespace pointsman::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Error = boost::system::error_code;

// A client may still be sending what nobody reads. Closing at once would reset the connection, and the client
// would never see its answer.
constexpr std::chrono::milliseconds kLingerForMore{1000};
constexpr std::chrono::milliseconds kLingerForAll{30'000};
constexpr std::size_t kPartBytes = 64 << 10;
constexpr std::size_t kBytesWithoutRoom = 64 << 10;  // of a body
constexpr std::size_t kLingerBytesMax = 64 << 20;

std::chrono::milliseconds Time(int64_t milliseconds) {
  return std::chrono::milliseconds(milliseconds);
}

// As gRPC writes addresses.
std::string PeerOf(const asio::ip::tcp::socket& socket) {
  Error error;
  const auto end = socket.remote_endpoint(error);
  if (error) return "unknown";
  asio::ip::address address = end.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.is_v4() ? Cat("ipv4:", address.to_string(), ":", end.port())
                         : Cat("ipv6:%5B", address.to_string(), "%5D:", end.port());
}

std::string NextConnectionName() {
  static std::atomic<uint64_t> next{1};
  return Cat("http:", next.fetch_add(1));
}

template <class Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <class... Args>
  Connection(const HttpServerOptions& options, HttpApp& app, HttpConnections& connections,
             std::shared_ptr<asio::ssl::context> tls, Args&&... args)
      : options_(options),
        app_(app),
        connections_(connections),
        tls_(std::move(tls)),
        stream_(std::forward<Args>(args)...),
        peer_(PeerOf(socket())),
        name_(NextConnectionName()) {}

  ~Connection() {
    ReturnBytes();
    if (place_) connections_.Leave(*place_);
  }

  void Start() {
    place_ = connections_.Enter([weak = this->weak_from_this(), executor = stream_.get_executor()] {
      asio::post(executor, [weak] {
        if (const auto self = weak.lock()) self->Close();
      });
    });
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] {
      if constexpr (kIsTls) {
        self->Limit(self->options_.headers_within_ms);
        self->stream_.async_handshake(asio::ssl::stream_base::server, [self](Error error) {
          if (!error) self->ReadHeaders();
        });
      } else {
        self->ReadHeaders();
      }
    });
  }

 private:
  static constexpr bool kIsTls = !std::is_same_v<Stream, beast::tcp_stream>;

  class Exchange final : public HttpExchange, public std::enable_shared_from_this<Exchange> {
   public:
    Exchange(HttpRequest request, std::shared_ptr<Connection> connection)
        : request_(std::move(request)),
          connection_(std::move(connection)),
          timer_(connection_->stream_.get_executor()) {}

    const HttpRequest& request() const override { return request_; }
    void Respond(HttpResponse response) override {
      if (is_answered_.exchange(true)) return;
      asio::dispatch(connection_->stream_.get_executor(),
                     [self = this->shared_from_this(), response = std::move(response)]() mutable {
                       self->timer_.cancel();
                       self->connection_->Write(std::move(response), self->request_);
                     });
    }
    bool is_answered() const override { return is_answered_.load(); }

    void ReadPart(std::function<void(Part)> done) override {
      asio::dispatch(connection_->stream_.get_executor(),
                     [self = this->shared_from_this(), done = std::move(done)]() mutable {
                       // Once it is answered, the connection may already be reading another request.
                       if (self->is_answered()) {
                         return done(absl::CancelledError("the call has been answered"));
                       }
                       self->connection_->ReadPart(std::move(done));
                     });
    }
    void Later(std::function<void()> work) override {
      asio::post(connection_->stream_.get_executor(),
                 [self = this->shared_from_this(), work = std::move(work)] { work(); });
    }
    void AnswerWithin(int64_t milliseconds, HttpResponse expired) override {
      timer_.expires_after(Time(milliseconds));
      timer_.async_wait([weak = this->weak_from_this(), expired = std::move(expired)](Error error) {
        const auto self = weak.lock();
        if (!error && self != nullptr) self->Respond(expired);
      });
    }

   private:
    const HttpRequest request_;
    const std::shared_ptr<Connection> connection_;
    asio::steady_timer timer_;  // of the strand
    std::atomic<bool> is_answered_{false};
  };

  asio::ip::tcp::socket& socket() { return beast::get_lowest_layer(stream_).socket(); }
  void Limit(int64_t milliseconds) {
    beast::get_lowest_layer(stream_).expires_after(Time(milliseconds));
  }
  void Close() {
    Error ignored;
    socket().close(ignored);
  }

  void ReadHeaders() {
    connections_.SetReading(*place_);
    head_.emplace();
    head_->header_limit(static_cast<uint32_t>(options_.header_bytes_max));
    head_->body_limit(std::numeric_limits<uint64_t>::max());  // `entry` says the limit
    Limit(options_.headers_within_ms);
    http::async_read_header(
        stream_, buffer_, *head_,
        [self = this->shared_from_this()](Error error, std::size_t) { self->OnHeaders(error); });
  }

  void OnHeaders(Error error) {
    if (error) return OnBadInput(error);
    request_ = ToRequest(head_->get().base());
    request_.peer = peer_;
    request_.connection = name_;
    is_kept_ = head_->get().keep_alive();
    if (const std::string fault = FaultOf(request_, head_->get().version()); !fault.empty()) {
      return Refuse(400, fault);
    }
    HttpApp::Entry entry = app_.AtHeaders(request_);
    const bool has_body = !head_->is_done() &&
                          (head_->chunked() || head_->content_length_remaining().value_or(0) > 0);
    if (entry.refusal) {
      is_kept_ &= !has_body;
      return Write(*std::move(entry.refusal), request_);
    }
    if (!has_body) return Serve();
    if (entry.is_streamed) {
      parts_.emplace(std::move(*head_));
      return ContinueOr([this] { Serve(); });
    }
    const uint64_t announced = head_->content_length_remaining().value_or(entry.body_bytes_max);
    if (announced > entry.body_bytes_max) return OnTooLarge(entry.body_bytes_max);
    body_bytes_max_ = entry.body_bytes_max;
    body_.emplace(std::move(*head_));
    body_->body_limit(entry.body_bytes_max);
    ContinueOr([this] { ReadBody(); });
  }

  // Tells a client that waits for it that its body is wanted, and goes on.
  template <class Next>
  void ContinueOr(Next next) {
    if (absl::AsciiStrToLower(ToAbsl(request_.header("expect"))) != "100-continue") return next();
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    Limit(options_.answer_within_ms);
    asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = this->shared_from_this(), next](Error error, std::size_t) {
                        if (!error) next();
                      });
  }

  void ReadPart(std::function<void(HttpExchange::Part)> done) {
    if (!parts_ || parts_->is_done()) return done(std::string());
    part_.resize(kPartBytes);
    auto& body = parts_->get().body();
    body.data = part_.data();
    body.size = part_.size();
    Limit(options_.body_within_ms);
    is_part_pending_ = true;
    http::async_read_some(stream_, buffer_, *parts_,
                          [self = this->shared_from_this(), done = std::move(done)](
                              Error error, std::size_t) mutable {
                            self->is_part_pending_ = false;
                            self->OnPart(error, std::move(done));
                          });
  }

  void OnPart(Error error, std::function<void(HttpExchange::Part)> done) {
    if (is_linger_due_) {  // it was answered meanwhile
      done(absl::CancelledError("the call has been answered"));
      return Linger();
    }
    beast::get_lowest_layer(stream_).expires_never();
    if (error && error != http::error::need_buffer) {
      is_kept_ = false;
      return done(absl::CancelledError("the body of the request did not arrive whole"));
    }
    const std::size_t unused = parts_->get().body().size;
    if (unused == kPartBytes && !parts_->is_done()) {
      return ReadPart(std::move(done));  // it read the head of a chunk
    }
    done(part_.substr(0, kPartBytes - unused));
  }

  void ReadBody() {
    Limit(options_.body_within_ms);
    ReadSomeBody();
  }
  void ReadSomeBody() {
    http::async_read_some(
        stream_, buffer_, *body_,
        [self = this->shared_from_this()](Error error, std::size_t) { self->OnSomeBody(error); });
  }
  void OnSomeBody(Error error) {
    if (error) return OnBadInput(error);
    const std::size_t size = body_->get().body().size();
    const std::size_t wanted = size - std::min(size, kBytesWithoutRoom);
    if (wanted > bytes_taken_) {
      if (!connections_.TakeBytes(wanted - bytes_taken_)) {
        return Refuse(503,
                      "the server is reading as many large requests as it may; retry in a moment");
      }
      bytes_taken_ = wanted;
    }
    if (!body_->is_done()) return ReadSomeBody();
    request_.body = std::move(body_->get().body());
    body_.reset();
    Serve();
  }

  void Serve() {
    beast::get_lowest_layer(stream_).expires_never();
    connections_.SetAnswering(*place_);
    const auto exchange = std::make_shared<Exchange>(std::move(request_), this->shared_from_this());
    request_ = {};
    try {
      app_.Serve(exchange);
    } catch (const std::exception& e) {
      exchange->Respond(app_.Malformed(500, e.what()));
    }
  }

  void OnTooLarge(std::size_t most) { Refuse(413, Cat("the body has more than ", most, " bytes")); }

  // A client that is gone, or too slow, gets no answer; one that sent what is no request does.
  void OnBadInput(Error error) {
    if (error == http::error::body_limit) return OnTooLarge(body_bytes_max_);
    if (error == http::error::header_limit) {
      return Refuse(431, Cat("the headers have more than ", options_.header_bytes_max, " bytes"));
    }
    const bool is_of_http =
        error.category() == http::make_error_code(http::error::bad_method).category();
    if (is_of_http && error != http::error::end_of_stream &&
        error != http::error::partial_message) {
      return Refuse(400, Cat("this is not HTTP/1.1: ", error.message()));
    }
    if (error == http::error::end_of_stream) Linger();
  }

  // What follows on this connection cannot be trusted to begin where it seems to.
  void Refuse(int status, std::string_view what) {
    is_kept_ = false;
    Write(app_.Malformed(status, what), request_);
  }

  void Write(HttpResponse response, const HttpRequest& request) {
    ReturnBytes();
    is_kept_ &= !parts_ || parts_->is_done();
    app_.Complete(request, response);
    out_ = ResponseText(response, is_kept_, request.method == "HEAD");
    Limit(options_.answer_within_ms);
    asio::async_write(stream_, asio::buffer(out_),
                      [self = this->shared_from_this()](Error error, std::size_t) {
                        if (error) return;
                        self->OnWritten();
                      });
  }

  void OnWritten() {
    if (is_kept_) {
      parts_.reset();
      return ReadHeaders();
    }
    if (!is_part_pending_) return Linger();
    // The app was still reading the body: that ends first, in OnPart.
    is_linger_due_ = true;
    beast::get_lowest_layer(stream_).cancel();
  }

  void ReturnBytes() { connections_.ReturnBytes(std::exchange(bytes_taken_, 0)); }

  void Linger() {
    Error error;
    socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    if (error) return;
    connections_.SetReading(*place_);
    out_.resize(kPartBytes);
    linger_until_ = std::chrono::steady_clock::now() + kLingerForAll;
    Discard(0);
  }
  void Discard(std::size_t so_far) {
    if (std::chrono::steady_clock::now() > linger_until_) return;
    beast::get_lowest_layer(stream_).expires_after(kLingerForMore);
    beast::get_lowest_layer(stream_).async_read_some(
        asio::buffer(out_), [self = this->shared_from_this(), so_far](Error error, std::size_t n) {
          if (!error && so_far + n < kLingerBytesMax) self->Discard(so_far + n);
        });
  }

  const HttpServerOptions& options_;
  HttpApp& app_;
  HttpConnections& connections_;
  const std::shared_ptr<asio::ssl::context> tls_;
  Stream stream_;
  const std::string peer_;
  const std::string name_;
  std::optional<HttpConnections::Key> place_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> head_;
  std::optional<http::request_parser<http::string_body>> body_;
  std::optional<http::request_parser<http::buffer_body>> parts_;  // of a body that is streamed
  std::string part_;
  bool is_part_pending_ = false;
  bool is_linger_due_ = false;
  std::chrono::steady_clock::time_point linger_until_;
  HttpRequest request_;
  std::size_t body_bytes_max_ = 0;
  std::size_t bytes_taken_ = 0;
  bool is_kept_ = true;
  std::string out_;
};

}  // namespace

void StartConnection(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                     const HttpServerOptions& options, HttpApp& app, HttpConnections& connections) {
  if (tls == nullptr) {
    using Plain = Connection<beast::tcp_stream>;
    std::make_shared<Plain>(options, app, connections, nullptr, std::move(socket))->Start();
  } else {
    using Tls = Connection<beast::ssl_stream<beast::tcp_stream>>;
    asio::ssl::context& context = *tls;
    std::make_shared<Tls>(options, app, connections, std::move(tls), std::move(socket), context)
        ->Start();
  }
}

}  // namespace pointsman::service
