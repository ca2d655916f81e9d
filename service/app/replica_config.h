// The part `replicas` of the configuration: this server is one of several replicas on one shared log, a stream of NATS
// JetStream (docs/guide/replicas.md).
//   replicas:
//     name: pointsman-0                 # of this replica; no other has it
//     nats: ["nats://nats-0:4222", ...]   # "tls://HOST:PORT" with TLS
//     stream: pointsman                 # the log; decisions are in STREAM-decisions
//     copies: 3                         # servers that keep each message, if this replica makes the streams
//     confirm_within_ms: 5000           # how long feedback and changes wait for the log
//     credentials_file: F               # of a NATS user (.creds)
//     ca_file: F, certificate_file: F, key_file: F
// Errors: as the rest of the configuration.
// Threads: a plain value.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace YAML {  // NOLINT(readability-identifier-naming): the library's own name
class Node;
}

namespace pointsman::service {

struct ReplicaConfig {
  std::string name;
  std::vector<std::string> nats;  // empty: this server is the only one
  std::string stream = "pointsman";
  int64_t copies = 3;
  int64_t confirm_within_ms = 5000;
  std::string credentials_file, ca_file, certificate_file, key_file;

  bool is_on() const { return !nats.empty(); }
};

absl::Status ReadReplicas(const std::string& file, const YAML::Node& node, ReplicaConfig& config);

}  // namespace pointsman::service
