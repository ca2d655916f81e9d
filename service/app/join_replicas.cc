#include "service/app/join_replicas.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "storage/jetstream/jetstream_log.h"

namespace pointsman::service {

absl::StatusOr<engine::ReplicaOptions> JoinReplicas(const ReplicaConfig& config,
                                                    const Limits& limits) {
  storage::JetStreamServers servers;
  servers.urls = config.nats;
  servers.client = Cat("pointsman ", config.name);
  servers.credentials_file = config.credentials_file;
  servers.ca_file = config.ca_file;
  servers.certificate_file = config.certificate_file;
  servers.key_file = config.key_file;
  ASSIGN_OR_RETURN(const auto connection, storage::ConnectJetStream(servers));
  engine::ReplicaOptions options;
  options.name = config.name;
  options.confirm_within = config.confirm_within_ms * kMicrosPerMs;
  storage::JetStreamOptions log;
  log.stream = config.stream;
  log.copies = config.copies;
  ASSIGN_OR_RETURN(options.log, storage::OpenJetStreamLog(connection, log));
  // Decisions are of use for as long as feedback on them is taken.
  storage::JetStreamOptions decisions = log;
  decisions.stream = Cat(config.stream, "-decisions");
  decisions.kept_for = limits.decision_ttl_s * kMicrosPerSecond;
  ASSIGN_OR_RETURN(options.decisions, storage::OpenJetStreamLog(connection, decisions));
  return options;
}

}  // namespace pointsman::service
