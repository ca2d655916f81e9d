// Connects a server to the log that it shares with its replicas.
// Errors: kUnavailable if no NATS server answers.
// Threads: one.
#pragma once

#include "absl/status/statusor.h"
#include "domain/limits.h"
#include "engine/replica/options.h"
#include "service/app/replica_config.h"

namespace pointsman::service {

absl::StatusOr<engine::ReplicaOptions> JoinReplicas(const ReplicaConfig& config,
                                                    const Limits& limits);

}  // namespace pointsman::service
