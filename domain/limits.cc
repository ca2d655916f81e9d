#include "domain/limits.h"

#include "base/strings.h"

namespace pointsman {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

constexpr LimitRow kTable[] = {
    {"query_bytes_max", &Limits::query_bytes_max, 1, 1 << 24,
     "bytes of a query's text that are embedded", true},
    {"name_bytes_max", &Limits::name_bytes_max, 8, 1024,
     "bytes of a pool, arm, tag or feature name", true},
    {"description_bytes_max", &Limits::description_bytes_max, 0, 1 << 20,
     "bytes of an arm's description", true},
    {"decision_id_bytes_max", &Limits::decision_id_bytes_max, 16, 1024,
     "bytes of a decision id or feedback id", true},
    {"embedding_dimension_max", &Limits::embedding_dimension_max, 1, 65536,
     "numbers in a caller's vector", true},
    {"features_max", &Limits::features_max, 0, 1024, "named features of a pool", true},
    {"tags_max", &Limits::tags_max, 0, 1024, "tags of an arm, or required by a request", true},
    {"arms_per_pool_max", &Limits::arms_per_pool_max, 1, 10000000,
     "arms of a pool, removed ones included", true},
    {"pools_max", &Limits::pools_max, 1, 100000, "pools of the server", true},
    {"batch_items_max", &Limits::batch_items_max, 1, 65536, "items of one batch call", true},
    {"import_chunk_queries_max", &Limits::import_chunk_queries_max, 1, 4096,
     "queries in one chunk of an import, which is learned as a whole", true},
    {"import_chunk_outcomes_max", &Limits::import_chunk_outcomes_max, 1, 1000000,
     "outcomes in one chunk of an import", true},
    {"arm_count_max", &Limits::arm_count_max, 1, 1024, "arms in one answer", true},
    {"arm_lists_max", &Limits::arm_lists_max, 1, 1000000, "names in allow_arms or deny_arms", true},
    {"calls_max", &Limits::calls_max, 1, 10000000, "calls being answered at the same time", true},
    {"client_rate_max", &Limits::client_rate_max, 0, 1000000000,
     "routes and feedbacks a second of one client, each item of a batch counted; 0: no limit",
     true},
    {"message_bytes_max", &Limits::message_bytes_max, 4096, kGiB,
     "bytes of one message, by gRPC or HTTP", false},
    {"metadata_bytes_max", &Limits::metadata_bytes_max, 1024, 1 << 20,
     "bytes of one call's metadata, or of a request's headers", false},
    {"streams_per_connection_max", &Limits::streams_per_connection_max, 1, 1000000,
     "calls of one connection at the same time; further ones wait in the client", false},
    {"http_connections_max", &Limits::http_connections_max, 1, 1000000,
     "connections of the HTTP port; one more replaces the one that has been reading for longest"},
    {"handshake_s_max", &Limits::handshake_s_max, 1, 600,
     "seconds from a connection to the end of its handshake", false},
    {"connection_idle_s_max", &Limits::connection_idle_s_max, 1, 31536000,
     "seconds without a call after which a connection is closed", false},
    {"connection_age_s_max", &Limits::connection_age_s_max, 1, 31536000,
     "seconds after which a client must reconnect", false},
    {"keepalive_s", &Limits::keepalive_s, 1, 31536000,
     "seconds of silence after which the server asks whether a client is still there", false},
    {"ping_interval_s_min", &Limits::ping_interval_s_min, 0, 3600,
     "seconds between a client's pings; one that sends them faster is disconnected", false},
    {"connection_rate_max", &Limits::connection_rate_max, 1, 1000000000,
     "calls a second of one connection; more are refused before they are read", true},
    {"rpc_memory_bytes_max", &Limits::rpc_memory_bytes_max, 16 << 20, 1024 * kGiB,
     "bytes that gRPC may buffer for all calls; near this limit it reads more slowly", false},
    {"queue_items_max", &Limits::queue_items_max, 1, 10000000,
     "feedbacks waiting for the log writer", false},
    {"writer_batch_items_max", &Limits::writer_batch_items_max, 1, 65536,
     "feedbacks in one synced write", false},
    {"decision_ttl_s", &Limits::decision_ttl_s, 1, 366 * 86400, "seconds a decision is kept",
     false},
    {"decisions_bytes_max", &Limits::decisions_bytes_max, 1 << 20, 1024 * kGiB,
     "bytes of kept decisions", false},
    {"snapshot_every_events", &Limits::snapshot_every_events, 1, 1000000000,
     "events between two snapshots of a pool", false},
    {"snapshot_every_s", &Limits::snapshot_every_s, 1, 1000000000,
     "seconds from an event to a snapshot of its pool, at most", false},
    {"snapshots_kept", &Limits::snapshots_kept, 1, 100, "snapshots kept of a pool", false},
    {"events_kept", &Limits::events_kept, 0, 1000000000000,
     "events kept of a pool below its oldest snapshot", false},
};

}  // namespace

std::span<const LimitRow> LimitTable() { return kTable; }

absl::Status ValidateLimits(const Limits& limits) {
  for (const LimitRow& row : kTable) {
    const int64_t value = limits.*row.field;
    if (value < row.least || value > row.most) {
      return InvalidArgument("limit ", row.name, " (", row.meaning, ") must be between ", row.least,
                             " and ", row.most, ", got ", value);
    }
  }
  return absl::OkStatus();
}

}  // namespace pointsman
