// The shared log as a stream of NATS JetStream.
// Operation: one stream with one subject, so there is one order. Messages are published asynchronously, each with an
//   id of its own. They are read by an ordered consumer, which the client library creates again after a gap. If a
//   reader hears nothing for a second although the stream is longer, it subscribes again.
// Durability: an acknowledged message is kept by a quorum of the servers. Whether it survives a loss of power of all
//   of them depends on their `sync_interval` (docs/guide/replicas.md).
// Errors: those of storage/api/shared_log.h. While no server can be reached, calls fail with kUnavailable, and the
//   client library connects again by itself.
// Threads: those of storage/api/shared_log.h; acknowledgements come on threads of the client library.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/types.h"
#include "storage/api/shared_log.h"

namespace pointsman::storage {

// How to reach the servers. Several logs share one connection.
struct JetStreamServers {
  std::vector<std::string> urls;      // "nats://HOST:PORT", "tls://HOST:PORT"
  std::string client;                 // the name that the servers see
  std::string credentials_file = {};  // of a user (.creds); empty: none
  std::string ca_file = {};           // with tls: who signed the servers; empty: the system's
  std::string certificate_file = {}, key_file = {};  // with tls: our certificate; empty: none
};

struct JetStreamOptions {
  std::string stream;     // letters, digits, '-' and '_'
  int64_t copies = 3;     // servers that keep each message, if the stream is made; 1 to 5
  Micros kept_for = 0;    // 0: until it is dropped
  int64_t bytes_max = 0;  // of the whole stream; 0: as much as the servers allow
};

class JetStreamConnection;

// Errors: kUnavailable if no server answers; kInvalidArgument for options that the client library refuses.
absl::StatusOr<std::shared_ptr<JetStreamConnection>> ConnectJetStream(
    const JetStreamServers& servers);

// Opens the stream, and makes it if there is none.
absl::StatusOr<std::shared_ptr<SharedLog>> OpenJetStreamLog(
    std::shared_ptr<JetStreamConnection> connection, const JetStreamOptions& options);

}  // namespace pointsman::storage
