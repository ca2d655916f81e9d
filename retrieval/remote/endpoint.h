// A server of embeddings as the operator configures it: where it is, which model it runs, and how much load
// it may get. Pools refer to an endpoint by its name. The address and the key are never settings of a pool,
// so whoever may make pools cannot make the server call arbitrary addresses or read its secrets.
// Errors: kInvalidArgument naming the key.
// Threads: a plain value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pointsman::retrieval {

struct RemoteEndpoint {
  std::string name;
  std::string
      url;  // up to the version, such as http://127.0.0.1:8080/v1; "/embeddings" is appended
  std::string model;    // its name on the server; vectors of another model do not fit
  std::string api_key;  // sent as a bearer token; empty: none. In no log and no error
  std::string ca_file;  // certificates to trust; empty: the system's
  // Requested from a server that can shorten its vectors; 0: the model's own.
  int64_t dimensions = 0;
  double usd_per_1m_tokens = 0;  // only to say what it costs
  int64_t deadline_ms = 1000;    // for one text, including waiting and every retry
  int64_t batch_items_max = 32;  // texts in one call
  int64_t batch_wait_us = 6000;  // how long a text may wait for others while a call is in flight
  int64_t concurrency_max = 8;   // calls in flight
  int64_t waiting_items_max = 4096;  // texts not sent yet; beyond them a text fails at once
  int64_t cache_bytes_max = int64_t{32} << 20;
  int64_t retries_max = 2;        // of a call that could succeed another time
  int64_t breaker_failures = 5;   // calls that fail in a row before no more are made
  int64_t breaker_open_ms = 500;  // until the next attempt; doubles with each that fails
  int64_t breaker_open_ms_max = 15000;
  friend bool operator==(const RemoteEndpoint&, const RemoteEndpoint&) = default;
};

// One row per number: the config parser, its errors and the docs read this table.
struct EndpointRow {
  const char* name;
  int64_t RemoteEndpoint::*field;
  int64_t least;
  int64_t most;
  const char* meaning;
};
std::span<const EndpointRow> EndpointTable();

absl::Status ValidateEndpoint(const RemoteEndpoint& endpoint);

}  // namespace pointsman::retrieval
