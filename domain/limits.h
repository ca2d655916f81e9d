// Every limit in one place, with its unit in its name. The server fills it from its config. Tests and
// in-process replays use the defaults.
// Threads: a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace pointsman {

struct Limits {
  int64_t query_bytes_max = 65536;
  int64_t name_bytes_max = 128;  // pools, arms, tags, features
  int64_t description_bytes_max = 4096;
  int64_t decision_id_bytes_max = 128;  // and feedback ids
  int64_t embedding_dimension_max = 4096;
  int64_t features_max = 32;
  int64_t tags_max = 32;  // of an arm, and required by a request
  int64_t arms_per_pool_max = 200000;
  int64_t pools_max = 256;
  int64_t batch_items_max = 1024;
  int64_t import_chunk_queries_max = 64;     // queries in one chunk of an import: one turn
  int64_t import_chunk_outcomes_max = 4096;  // and their outcomes
  int64_t arm_count_max = 16;                // arms in one answer
  int64_t arm_lists_max = 1024;              // names in allow_arms or deny_arms
  int64_t calls_max = 10000;                 // being answered at the same time
  int64_t client_rate_max = 0;  // routes and feedbacks a second of one client; 0: no limit
  int64_t message_bytes_max = 16 << 20;
  int64_t metadata_bytes_max = 16384;  // of one call
  int64_t streams_per_connection_max = 1000;
  int64_t http_connections_max = 1000;  // of the HTTP port
  int64_t handshake_s_max = 10;
  int64_t connection_idle_s_max = 900;
  int64_t connection_age_s_max = 3600;
  int64_t keepalive_s = 60;
  int64_t ping_interval_s_min = 10;
  int64_t connection_rate_max = 100000;               // calls a second of one connection
  int64_t rpc_memory_bytes_max = int64_t{256} << 20;  // of gRPC's buffers
  int64_t queue_items_max = 16384;                    // feedback waiting for the log writer
  int64_t writer_batch_items_max = 1024;
  int64_t decision_ttl_s = 7 * 86400;
  int64_t decisions_bytes_max = int64_t{8} << 30;
  int64_t snapshot_every_events = 20000;
  int64_t snapshot_every_s = 300;
  int64_t snapshots_kept = 3;
  int64_t events_kept = 1000000;
  friend bool operator==(const Limits&, const Limits&) = default;
};

// One row per limit: the config parser, its error messages and the docs read this table.
struct LimitRow {
  const char* name;  // as in the config, unit last
  int64_t Limits::*field;
  int64_t least;
  int64_t most;
  const char* meaning;
  bool is_live = false;  // can be changed while a server runs; else at its next start
};
std::span<const LimitRow> LimitTable();

// Errors: kInvalidArgument naming the first limit outside its range.
absl::Status ValidateLimits(const Limits& limits);

}  // namespace pointsman
