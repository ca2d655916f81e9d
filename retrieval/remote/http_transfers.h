// Concurrent HTTP POSTs on connections that are kept: the part of libcurl's multi interface that this project
// needs. HTTP/2 where a TLS server offers it. Redirects are not followed; certificates are checked.
// Threads: one owner; Wake from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pointsman::retrieval {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  std::string ca_file;  // empty: the system's certificates
  std::chrono::milliseconds timeout{1000};
  std::size_t answer_bytes_max = 0;
};

enum class HttpEnd : uint8_t {
  kAnswered = 1,     // whatever the status
  kUnreachable = 2,  // no connection
  kTimedOut = 3,
  kBroken = 4,    // the connection ended, or the answer is not HTTP
  kTooLarge = 5,  // over answer_bytes_max
};

struct HttpAnswer {
  HttpEnd end = HttpEnd::kAnswered;
  long status = 0;
  std::string body;
  std::string problem;  // libcurl's words, if not answered
  std::optional<std::chrono::seconds> retry_after;
  std::chrono::microseconds took{0};
};

class HttpTransfers {
 public:
  explicit HttpTransfers(int64_t connections_max);
  ~HttpTransfers();  // cancels all transfers
  HttpTransfers(const HttpTransfers&) = delete;
  HttpTransfers& operator=(const HttpTransfers&) = delete;

  // Begins a transfer. Finished returns its number when it ends.
  uint64_t Begin(HttpRequest request);
  void Cancel(uint64_t number);
  // Advances all transfers. Returns those that ended since the last call.
  std::vector<std::pair<uint64_t, HttpAnswer>> Finished();
  // Waits until a transfer can advance, Wake is called, or `wait` has passed.
  void Wait(std::chrono::microseconds wait);
  void Wake();

 private:
  struct Transfer;
  void* const multi_;  // a CURLM, whose header stays in the .cc
  const int timer_;    // curl waits in whole milliseconds, too long for batches of texts
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers_;
  uint64_t next_ = 1;
};

}  // namespace pointsman::retrieval
