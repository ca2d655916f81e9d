#include "retrieval/remote/endpoint.h"

#include <algorithm>
#include <cmath>

#include "base/status_macros.h"
#include "base/strings.h"

namespace pointsman::retrieval {
namespace {

constexpr EndpointRow kRows[] = {
    {"dimensions", &RemoteEndpoint::dimensions, 0, 65536,
     "numbers asked of a server that can shorten its vectors; 0: as the model makes them"},
    {"deadline_ms", &RemoteEndpoint::deadline_ms, 1, 600000,
     "for a text, its waiting and every retry included"},
    {"batch_items_max", &RemoteEndpoint::batch_items_max, 1, 2048, "texts in one call"},
    {"batch_wait_us", &RemoteEndpoint::batch_wait_us, 0, 1000000,
     "a text may wait for others, while a call is on its way"},
    {"concurrency_max", &RemoteEndpoint::concurrency_max, 1, 256, "calls on their way"},
    {"waiting_items_max", &RemoteEndpoint::waiting_items_max, 1, 1 << 20,
     "texts not sent yet; beyond them a text fails at once"},
    {"cache_bytes_max", &RemoteEndpoint::cache_bytes_max, 0, int64_t{1} << 40,
     "of vectors kept by their text"},
    {"retries_max", &RemoteEndpoint::retries_max, 0, 10,
     "of a call that could succeed another time"},
    {"breaker_failures", &RemoteEndpoint::breaker_failures, 1, 1000,
     "calls failed in a row before no more are made"},
    {"breaker_open_ms", &RemoteEndpoint::breaker_open_ms, 1, 3600000,
     "until the first attempt after that; doubles with each that fails"},
    {"breaker_open_ms_max", &RemoteEndpoint::breaker_open_ms_max, 1, 3600000,
     "the most that it doubles to"},
};

absl::Status Bad(const RemoteEndpoint& endpoint, std::string_view key, std::string_view what) {
  return InvalidArgument("embedders.", endpoint.name, ".", key, " ", what);
}

// Printable characters only, so that nothing ends a header line.
bool IsHeaderText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

std::span<const EndpointRow> EndpointTable() { return kRows; }

absl::Status ValidateEndpoint(const RemoteEndpoint& endpoint) {
  const std::string& url = endpoint.url;
  if (!(url.starts_with("http://") || url.starts_with("https://")) || !IsHeaderText(url)) {
    return Bad(endpoint, "url",
               Cat("must be an address such as http://127.0.0.1:8080/v1, got ", Quoted(url)));
  }
  if (url.find('@') != std::string::npos) {
    return Bad(endpoint, "url", "must hold no user or password; use api_key_file or api_key_env");
  }
  if (endpoint.model.empty()) {
    return Bad(endpoint, "model",
               "must name the model: what pools learn is valid for its vectors only");
  }
  if (!IsHeaderText(endpoint.api_key)) {
    return Bad(endpoint, "api_key", "must be one word of printable characters (is it the file?)");
  }
  if (!(std::isfinite(endpoint.usd_per_1m_tokens) && endpoint.usd_per_1m_tokens >= 0 &&
        endpoint.usd_per_1m_tokens <= 1e6)) {
    return Bad(endpoint, "usd_per_1m_tokens", "must be from 0 to 1000000");
  }
  for (const EndpointRow& row : kRows) {
    const int64_t value = endpoint.*row.field;
    if (value < row.least || value > row.most) {
      return Bad(endpoint, row.name,
                 Cat("(", row.meaning, ") must be a whole number from ", row.least, " to ",
                     row.most, ", got ", value));
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman::retrieval
