// What a remote embedder counts.
// Threads: plain values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "retrieval/remote/circuit_breaker.h"

namespace pointsman::retrieval {

// Why a call or a text failed.
enum class RemoteFault : uint8_t {
  kUnreachable,     // no connection
  kTimedOut,        // no answer within the deadline
  kBroken,          // the connection ended before the answer did
  kServerError,     // status 408, 429 or 5xx
  kRefused,         // any other status but 200
  kNonsense,        // an answer that is not one of this API
  kWrongDimension,  // vectors that do not fit
};
inline constexpr std::array<std::string_view, 7> kRemoteFaultNames = {
    "unreachable", "timed_out", "broken", "server_error", "refused", "nonsense", "wrong_dimension"};

// Since the start.
struct RemoteStatistics {
  static constexpr std::array<double, 9> kBoundsSeconds = {0.005, 0.01, 0.02, 0.03, 0.05,
                                                           0.1,   0.25, 1,    5};
  std::string endpoint;
  std::string model;
  uint64_t calls = 0;  // ended
  uint64_t texts = 0;  // in them
  uint64_t retries = 0;
  uint64_t cached = 0;                                            // texts answered by the cache
  uint64_t tokens = 0;                                            // as the server counted them
  std::array<uint64_t, kRemoteFaultNames.size()> faults{};        // calls, by RemoteFault
  std::array<uint64_t, kBoundsSeconds.size() + 1> call_counts{};  // ended calls by duration
  double call_seconds = 0;                                        // all of them
  uint64_t waiting = 0;                                           // texts not sent yet, now
  CircuitBreaker::State breaker = CircuitBreaker::State::kClosed;
  uint32_t dimension = 0;  // of the last answer; 0: none yet
  std::string last_fault;  // its message; empty: none, or calls succeed again

  // `dimension_of_it` 0: the call returned no vectors.
  void CountCall(std::size_t texts_in_it, double seconds, uint64_t tokens_of_it,
                 std::size_t dimension_of_it) {
    ++calls;
    texts += texts_in_it;
    tokens += tokens_of_it;
    if (dimension_of_it > 0) dimension = static_cast<uint32_t>(dimension_of_it);
    const auto bound = std::lower_bound(kBoundsSeconds.begin(), kBoundsSeconds.end(), seconds);
    ++call_counts[static_cast<std::size_t>(bound - kBoundsSeconds.begin())];
    call_seconds += seconds;
  }
};

}  // namespace pointsman::retrieval
