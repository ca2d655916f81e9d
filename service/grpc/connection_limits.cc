#include "service/grpc/connection_limits.h"

#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <limits>

namespace pointsman::service {
namespace {

// How long calls may continue on a connection that has reached its maximum age: imports take long.
constexpr int64_t kAgeGraceSeconds = 300;
// How long a client has to answer a keepalive ping.
constexpr int64_t kKeepaliveTimeoutSeconds = 20;

int Number(int64_t value) {
  return static_cast<int>(std::min<int64_t>(value, std::numeric_limits<int>::max()));
}
int Ms(int64_t seconds) { return Number(1000 * seconds); }

}  // namespace

void SetConnectionLimits(const Limits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(Number(limits.message_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, Number(limits.metadata_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             Number(limits.streams_per_connection_max));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Ms(limits.handshake_s_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Ms(limits.connection_idle_s_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Ms(limits.connection_age_s_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Ms(kAgeGraceSeconds));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Ms(limits.keepalive_s));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Ms(kKeepaliveTimeoutSeconds));
  grpc::ResourceQuota quota("pointsman");
  quota.Resize(static_cast<std::size_t>(limits.rpc_memory_bytes_max));
  builder.SetResourceQuota(quota);
  // Clients may ping the server, also between calls, but not all the time.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Ms(limits.ping_interval_s_min));
}

}  // namespace pointsman::service
