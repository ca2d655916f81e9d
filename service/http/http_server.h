// An HTTP/1.1 server: connections, limits and time. What it serves is an HttpApp.
// Limits: a request's headers and body, the time for each, the connections, and the bodies that are being read
//   together. When all connections are taken, a new one replaces the one that has been reading for longest, so
//   slow clients do not keep others out. A request that two servers could read differently (two lengths, a
//   length and chunks) is refused, and its connection closed.
// Errors: kUnavailable, with the address, if it cannot be bound; kInvalidArgument for a certificate or key that
//   cannot be used.
// Threads: two of its own call the app, which must not block them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/access/certificate.h"
#include "service/http/http_message.h"

namespace pointsman::service {

struct HttpServerOptions {
  std::string address;   // HOST:PORT; port 0: any free one
  TlsSettings tls = {};  // off: plain HTTP
  std::size_t connections_max = 1000;
  std::size_t header_bytes_max = 16 << 10;
  // Bodies that are being read, together. The first 64 KiB of each need no room in it, so that large ones that
  // never end do not keep others out.
  std::size_t bodies_bytes_max = 256 << 20;
  int64_t headers_within_ms = 30'000;  // also how long an idle connection is kept
  int64_t body_within_ms = 30'000;
  int64_t answer_within_ms = 30'000;  // from the answer's first byte to its last
};

class HttpServer {
 public:
  // `app` must outlive it.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           HttpApp& app);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  int port() const;
  // Accepts no more connections. Requests that are being answered go on.
  void CloseListener();
  // Closes all connections and ends the threads. Whoever still holds a request may answer it as long as this
  // object lives; nobody gets the answer.
  void Stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::service
