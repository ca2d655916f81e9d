#include "service/app/admin_http.h"

#include <civetweb.h>

#include <array>
#include <future>
#include <utility>

#include "base/strings.h"

namespace pointsman::service {
namespace {

int Send(mg_connection* connection, int status, const char* type, const std::string& body) {
  const char* text = status == 200   ? "OK"
                     : status == 401 ? "Unauthorized"
                     : status == 404 ? "Not Found"
                                     : "Service Unavailable";
  // Not mg_printf: its buffers are on the stack, and civetweb gives its threads only 100 KiB of it.
  const std::string answer =
      Cat("HTTP/1.1 ", status, " ", text, "\r\nContent-Type: ", type,
          "\r\nContent-Length: ", body.size(), status == 401 ? "\r\nWWW-Authenticate: Bearer" : "",
          "\r\nConnection: close\r\n\r\n", body);
  mg_write(connection, answer.data(), answer.size());
  return status;
}

int Serve(mg_connection* connection, void* pages_pointer) {
  const auto& pages = *static_cast<const AdminHttp::Pages*>(pages_pointer);
  const mg_request_info* request = mg_get_request_info(connection);
  const std::string path = request->local_uri == nullptr ? "" : request->local_uri;
  if (path == "/metrics") {
    const char* authorization = mg_get_header(connection, "Authorization");
    const absl::Status may = pages.may_read(authorization == nullptr ? "" : authorization);
    if (!may.ok()) {
      return Send(connection, 401, "text/plain", Cat(ToStd(may.message()), "\n"));
    }
    // On a thread with a normal stack: the metrics of many pools need more than civetweb's.
    const std::string text = std::async(std::launch::async, pages.metrics).get();
    return Send(connection, 200, "text/plain; version=0.0.4; charset=utf-8", text);
  }
  if (path == "/healthz" || path == "/readyz") {
    const std::string why = path == "/healthz" ? pages.not_alive() : pages.not_ready();
    return why.empty() ? Send(connection, 200, "text/plain", "ok\n")
                       : Send(connection, 503, "text/plain", why + "\n");
  }
  return Send(connection, 404, "text/plain",
              "unknown path; the paths are /metrics, /healthz and /readyz\n");
}

}  // namespace

class AdminHttp::Impl {
 public:
  explicit Impl(Pages pages) : pages_(std::move(pages)) {}
  ~Impl() {
    if (context_ != nullptr) {
      mg_stop(context_);
      mg_exit_library();
    }
  }

  absl::Status Start(const std::string& address) {
    mg_init_library(0);
    const char* options[] = {"listening_ports",    address.c_str(), "num_threads", "2",
                             "request_timeout_ms", "5000",          nullptr};
    mg_callbacks callbacks{};
    callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
    context_ = mg_start(&callbacks, nullptr, options);
    if (context_ == nullptr) {
      mg_exit_library();
      return absl::UnavailableError(Cat("cannot listen on admin address ", address,
                                        ": it may be in use, or not an address of this machine; "
                                        "choose another with --admin-listen"));
    }
    mg_set_request_handler(context_, "/", Serve, &pages_);
    return absl::OkStatus();
  }

  int port() const {
    std::array<mg_server_port, 1> ports{};
    return mg_get_server_ports(context_, 1, ports.data()) == 1 ? ports[0].port : 0;
  }

 private:
  Pages pages_;
  mg_context* context_ = nullptr;
};

AdminHttp::AdminHttp(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminHttp::~AdminHttp() = default;

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::Start(const std::string& address,
                                                            Pages pages) {
  auto impl = std::make_unique<Impl>(std::move(pages));
  if (auto status = impl->Start(address); !status.ok()) return status;
  return std::unique_ptr<AdminHttp>(new AdminHttp(std::move(impl)));
}

int AdminHttp::port() const { return impl_->port(); }

}  // namespace pointsman::service
