// HTTP POSTs under way at once, on connections that are kept: libcurl's multi interface behind what this
// project needs of it. HTTP/2 where a TLS server offers it; redirects are not followed, certificates are
// checked.
// Threads: one owner; Wake from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pointsman {

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
  kBroken = 4,    // the connection ended, or what came is no HTTP
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
  ~HttpTransfers();  // breaks off what is under way
  HttpTransfers(const HttpTransfers&) = delete;
  HttpTransfers& operator=(const HttpTransfers&) = delete;

  // Begins one; its number is in Finished some time.
  uint64_t Begin(HttpRequest request);
  void Cancel(uint64_t number);
  // Moves all of them on; what ended since the last call.
  std::vector<std::pair<uint64_t, HttpAnswer>> Finished();
  // Until one can move on, Wake is called, or `wait` has passed.
  void Wait(std::chrono::microseconds wait);
  void Wake();

 private:
  struct Transfer;
  void* const multi_;  // a CURLM, whose header stays in the .cc
  const int timer_;    // curl waits in whole milliseconds, which is long for texts that gather
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers_;
  uint64_t next_ = 1;
};

}  // namespace pointsman
