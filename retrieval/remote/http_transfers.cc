#include "retrieval/remote/http_transfers.h"

#include <curl/curl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace pointsman::retrieval {

struct HttpTransfers::Transfer {
  explicit Transfer(HttpRequest wanted)
      : request(std::move(wanted)),
        easy(curl_easy_init()),
        began(std::chrono::steady_clock::now()) {
    POINTSMAN_CHECK(easy != nullptr);
    for (const std::string& header : request.headers) {
      headers = curl_slist_append(headers, header.c_str());
    }
    headers = curl_slist_append(headers, "Expect:");  // no round trip before the body
  }
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  static std::size_t Write(char* bytes, std::size_t, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.answer.body.size() + count > transfer.request.answer_bytes_max) {
      transfer.answer.end = HttpEnd::kTooLarge;
      return 0;  // cancels the transfer
    }
    transfer.answer.body.append(bytes, count);
    return count;
  }

  void SetUp();
  HttpAnswer Ended(CURLcode code);

  const HttpRequest request;
  CURL* const easy;
  curl_slist* headers = nullptr;
  const std::chrono::steady_clock::time_point began;
  HttpAnswer answer;
};

void HttpTransfers::Transfer::SetUp() {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  // A new stream waits for an HTTP/2 connection that is being opened, instead of opening another.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, request.url.starts_with("https:") ? 1L : 0L);
  if (!request.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::Write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
}

HttpAnswer HttpTransfers::Transfer::Ended(CURLcode code) {
  answer.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began);
  if (answer.end == HttpEnd::kTooLarge) {
    answer.problem = "the answer is too large";
  } else if (code == CURLE_OK) {
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0) answer.retry_after = std::chrono::seconds(seconds);
  } else {
    answer.problem = curl_easy_strerror(code);
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT:
        answer.end = HttpEnd::kTimedOut;
        break;
      case CURLE_COULDNT_RESOLVE_PROXY:
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_CONNECT:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        answer.end = HttpEnd::kUnreachable;
        break;
      default:
        answer.end = HttpEnd::kBroken;
    }
  }
  return std::move(answer);
}

HttpTransfers::HttpTransfers(int64_t connections_max)
    : multi_([] {
        // Once per process. It is never undone: what libcurl holds is small.
        static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        POINTSMAN_CHECK(ready == CURLE_OK);
        return curl_multi_init();
      }()),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
  POINTSMAN_CHECK(multi_ != nullptr && timer_ >= 0);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(connections_max));
  // Connections are kept even if fewer calls are in flight.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
}

HttpTransfers::~HttpTransfers() {
  for (auto& [number, transfer] : transfers_) curl_multi_remove_handle(multi_, transfer->easy);
  transfers_.clear();
  curl_multi_cleanup(multi_);
  close(timer_);
}

uint64_t HttpTransfers::Begin(HttpRequest request) {
  auto transfer = std::make_unique<Transfer>(std::move(request));
  transfer->SetUp();
  curl_multi_add_handle(multi_, transfer->easy);
  transfers_[next_] = std::move(transfer);
  return next_++;
}

void HttpTransfers::Cancel(uint64_t number) {
  const auto it = transfers_.find(number);
  if (it == transfers_.end()) return;
  curl_multi_remove_handle(multi_, it->second->easy);
  transfers_.erase(it);
}

std::vector<std::pair<uint64_t, HttpAnswer>> HttpTransfers::Finished() {
  int running = 0;
  curl_multi_perform(multi_, &running);
  std::vector<std::pair<uint64_t, HttpAnswer>> finished;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    for (auto it = transfers_.begin(); it != transfers_.end(); ++it) {
      if (it->second->easy != easy) continue;
      finished.emplace_back(it->first, it->second->Ended(code));
      curl_multi_remove_handle(multi_, easy);
      transfers_.erase(it);
      break;
    }
  }
  return finished;
}

void HttpTransfers::Wait(std::chrono::microseconds wait) {
  // Setting the timer again clears its expiry. At least a nanosecond, because 0 would stop it.
  itimerspec spec{};
  spec.it_value.tv_sec = wait.count() / 1000000;
  spec.it_value.tv_nsec = std::max<long>(1, wait.count() % 1000000 * 1000);
  timerfd_settime(timer_, 0, &spec, nullptr);
  curl_waitfd timer{timer_, CURL_WAIT_POLLIN, 0};
  const auto at_most = std::chrono::ceil<std::chrono::milliseconds>(wait);
  curl_multi_poll(multi_, &timer, 1, static_cast<int>(at_most.count()), nullptr);
}

void HttpTransfers::Wake() { curl_multi_wakeup(multi_); }

}  // namespace pointsman::retrieval
