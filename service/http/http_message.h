// An HTTP request and its answer, without the library that reads and writes them.
// Threads: plain values, except HttpExchange: any thread may answer it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::service {

struct HttpResponse {
  int status = 200;
  std::string type = {};  // of the content; empty: there is none
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct HttpRequest {
  std::string method;
  std::string path;   // decoded is not needed: every path that is served is plain
  std::string query;  // after the '?'
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string peer;        // the client's address, written as gRPC does
  std::string connection;  // the same for all requests of a connection, and for no other's

  // The first header of this name, which is in lower case; empty: there is none.
  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

// A request that is being answered.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual const HttpRequest& request() const = 0;
  // The first answer counts; later ones are dropped.
  virtual void Respond(HttpResponse response) = 0;
  // True once it is answered: by a deadline, before the work was done.
  virtual bool is_answered() const = 0;
  // Answers with `expired` after this time, unless it is answered before. Only from HttpApp::Serve.
  virtual void AnswerWithin(int64_t milliseconds, HttpResponse expired) = 0;

  // For a request whose body is streamed (HttpApp::Entry): the next part of it, empty at its end. One at a time.
  // An error ends the request: the client is gone, or too slow.
  using Part = absl::StatusOr<std::string>;
  virtual void ReadPart(std::function<void(Part)> done) = 0;
  // Calls `work` soon, on the thread that ReadPart calls back on.
  virtual void Later(std::function<void()> work) = 0;
};

// What answers the requests of a server.
class HttpApp {
 public:
  virtual ~HttpApp() = default;
  // What happens to a request whose headers have arrived, before its body is read.
  struct Entry {
    std::optional<HttpResponse> refusal;  // it is answered at once, and its connection closed
    std::size_t body_bytes_max = 0;
    bool is_streamed = false;  // the app reads the body itself, as it goes; no limit
  };
  virtual Entry AtHeaders(const HttpRequest& request) = 0;
  virtual void Serve(std::shared_ptr<HttpExchange> exchange) = 0;
  // The answer that the server itself gives: `what` says what was wrong with the request.
  virtual HttpResponse Malformed(int status, std::string_view what) = 0;
  // Adds what every answer to this request has, whoever made it. Of a request that was refused while it was read,
  // as much is filled as was read.
  virtual void Complete(const HttpRequest& request, HttpResponse& response) = 0;
};

}  // namespace pointsman::service
