// The server's configuration: a YAML file, overridden by flags.
//   data_dir: ./data
//   backup_dir: ./data/backups       # where the Backup call puts backups
//   listen: 127.0.0.1:7717
//   http_listen: 127.0.0.1:7718      # the API as JSON, metrics, health; empty: no HTTP port
//   http_origins: []                 # "https://app.example.com": sites whose pages may call the HTTP port
//   admin_listen: ""                 # a port of metrics and health alone, without TLS, for probes
//   insecure: false                  # true: listen and http_listen without TLS or tokens beyond this machine
//   admin_insecure: false            # true: admin_listen beyond this machine
//   tls: {certificate_file: F, key_file: F, client_ca_file: F}    # service/access/certificate.h
//   tokens_file: F                   # service/access/tokens_file.h; absent: no token is required
//   log: {level: info, format: text}
//   limits: {query_bytes_max: 65536, ...}    # domain/limits.h lists them with their units
//   embedders:                               # for pools with the embedder "remote"
//     tei: {url: "http://127.0.0.1:8080/v1", model: bge-small-en-v1.5, api_key_file: /run/secrets/tei, ...}
//       # or api_key_env; usd_per_1m_tokens, ca_file; numbers as in retrieval/remote/endpoint.h
//   replicas: {name: pointsman-0, nats: ["nats://nats:4222"], ...}   # service/app/replica_config.h
// Errors: kInvalidArgument naming file and line for an unknown key, a value of the wrong kind, or one
//   out of its range; kNotFound for a missing file. No error contains an API key.
// Threads: a plain value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/limits.h"
#include "retrieval/remote/endpoint.h"
#include "service/access/certificate.h"
#include "service/app/replica_config.h"

namespace pointsman::service {

struct ServerConfig {
  std::string data_dir = "./data";
  std::string backup_dir;  // empty: `backups` in the data folder
  std::string listen = "127.0.0.1:7717";
  // Unset: 127.0.0.1:7718, or none if the config says anything of admin_listen, which had that port before 0.3.
  std::optional<std::string> http_listen;
  std::vector<std::string> http_origins;
  std::optional<std::string> admin_listen;
  bool insecure = false;
  bool admin_insecure = false;
  TlsSettings tls;
  std::string tokens_file;
  std::string log_level = "info";   // debug, info, warn, error
  std::string log_format = "text";  // text, json
  Limits limits;
  std::vector<retrieval::RemoteEndpoint> embedders;
  ReplicaConfig replicas;

  // Where the HTTP port listens; empty: there is none.
  std::string http_address() const {
    return http_listen.value_or(admin_listen ? "" : "127.0.0.1:7718");
  }
  std::string admin_address() const { return admin_listen.value_or(""); }
};

// `text` as YAML over the defaults; `name` is used in error messages.
absl::StatusOr<ServerConfig> ParseConfig(const std::string& text, const std::string& name);
absl::StatusOr<ServerConfig> LoadConfig(const std::string& path);

// Whether this combination of settings may be served: beyond this machine only with TLS, or if the config
// explicitly allows it. Call it after the flags are applied, since they may change what the file says.
absl::Status ValidateServing(const ServerConfig& config);

// Whether `address` is HOST:PORT with a port from 0 to 65535.
absl::Status ValidateAddress(const std::string& what, const std::string& address);

}  // namespace pointsman::service
