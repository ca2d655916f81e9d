#include "service/rpc/door.h"

#include <limits>
#include <utility>

#include "base/strings.h"
#include "service/access/address.h"
#include "service/engine/requests.h"
#include "service/status.h"

namespace pointsman {
namespace {

absl::Status Stopping() {
  return WithReason(
      absl::UnavailableError("the server is stopping; send this again, it was not begun"),
      reason::kStopping);
}

absl::Status Reopening() {
  return WithRetryDelay(
      WithReason(
          absl::UnavailableError("the storage is being opened again, after its disk failed; send "
                                 "this again in 1 s, it was not begun"),
          reason::kStorageBroken),
      kMicrosPerSecond);
}

absl::Status WithAccessReason(const absl::Status& status) {
  return WithReason(status, absl::IsUnauthenticated(status) ? reason::kToken : reason::kForbidden);
}

std::string_view AuthorizationOf(const grpc::ServerContextBase& context) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  return found == metadata.end() ? std::string_view()
                                 : std::string_view(found->second.data(), found->second.size());
}

}  // namespace

absl::Status Door::AtArrival(std::string_view method_path, std::string_view authorization,
                             std::string_view connection) {
  const Micros now = clock_.Now();
  const Limits& limits = limits_.Get();
  // As many as it may have open it may open at once.
  const ClientRates::Rate rate{limits.connection_rate_max, limits.streams_per_connection_max};
  absl::Status status;
  if (connection_rates_.Take(connection, 1, rate, now)) {
    status = absl::ResourceExhaustedError(
        Cat("this connection begins more than ", rate.per_second,
            " calls a second (connection_rate_max); use RouteBatch, or send less"));
  } else if (access_.asks_for_tokens()) {
    status = access_.Decide(NeedOf(method_path), {authorization, ""}, now).status();
    if (!status.ok()) AuditRefusal(method_path, authorization, status);
  }
  if (!status.ok()) metrics_.CountRefusal(status);
  return status;
}

// Of what is refused before there is a message; gRPC does not say then from which address.
void Door::AuditRefusal(std::string_view method_path, std::string_view authorization,
                        const absl::Status& status) {
  if (NeedOf(method_path).scope != Scope::kAdmin) return;
  const std::string_view name = Access::ClaimedName(authorization);
  AuditEntry entry;
  entry.rpc = method_path;
  entry.who = name.empty() ? "no token" : Cat(name, "@unknown");
  audit_.Write(entry, status);
}

absl::StatusOr<Client> Door::Ask(const grpc::ServerContextBase& context, const CallNeeds& needs) {
  const bool has_tokens = access_.asks_for_tokens();
  // Only what will be looked at: both cost allocations.
  const std::string peer =
      !has_tokens && needs.scope == Scope::kAdmin ? context.peer() : std::string();
  const Credentials credentials{has_tokens ? AuthorizationOf(context) : std::string_view(), peer};
  const Need need{needs.scope, {needs.pools.data(), needs.pools.size()}, needs.all_pools};
  auto client = access_.Decide(need, credentials, clock_.Now());
  absl::Status status =
      client.ok() ? TakeShare(context, *client, needs.items) : WithAccessReason(client.status());
  if (status.ok()) return client;
  metrics_.CountRefusal(status);
  return status;
}

absl::Status Door::TakeShare(const grpc::ServerContextBase& context, const Client& client,
                             int64_t items) {
  const int64_t per_second = limits_.Get().client_rate_max;
  if (per_second == 0 || items == 0) return absl::OkStatus();
  const auto wait =
      rates_.Take(ClientName(context, client), items, {per_second, per_second}, clock_.Now());
  if (!wait) return absl::OkStatus();
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError(
                     Cat("this client asks more than ", per_second,
                         " routes and feedbacks a second (client_rate_max); try again in ",
                         (*wait + kMicrosPerMs - 1) / kMicrosPerMs, " ms")),
                 reason::kClientRate),
      *wait);
}

absl::StatusOr<Client> Door::Enter(const grpc::ServerContextBase& context, const CallNeeds& needs) {
  // A client that resets its calls as fast as it begins them is not to be decided for.
  if (context.IsCancelled()) return absl::CancelledError("the client gave the call up");
  const int64_t calls_max = limits_.Get().calls_max;
  switch (gate_.Enter(calls_max)) {
    case Gate::Entry::kClosed:
      return Stopping();
    case Gate::Entry::kPaused:
      return Reopening();
    case Gate::Entry::kFull: {
      const absl::Status full = WithReason(
          absl::ResourceExhaustedError(Cat("the server answers ", calls_max,
                                           " calls already (calls_max); try again in a moment")),
          reason::kTooManyCalls);
      metrics_.CountRefusal(full);
      return full;
    }
    case Gate::Entry::kIn:
      break;
  }
  auto client = Ask(context, needs);
  if (!client.ok()) gate_.Leave();
  return client;
}

std::shared_ptr<const void> Door::Stay(absl::Status& status) {
  switch (gate_.Enter(std::numeric_limits<int64_t>::max())) {
    case Gate::Entry::kClosed:
      status = Stopping();
      return nullptr;
    case Gate::Entry::kPaused:
      status = Reopening();
      return nullptr;
    case Gate::Entry::kFull:
    case Gate::Entry::kIn:
      break;
  }
  return {static_cast<const void*>(this), [this](const void*) { Leave(); }};
}

std::string ClientName(const grpc::ServerContextBase& context, const Client& client) {
  if (client.token() != nullptr) return client.token()->name;
  const std::string peer = context.peer();
  return std::string(PeerAddress(peer));
}

std::string CallerOf(const grpc::ServerContextBase& context) {
  const std::string_view name = Access::ClaimedName(AuthorizationOf(context));
  const std::string address = ShownAddress(context.peer());
  return name.empty() ? address : Cat(name, "@", address);
}

}  // namespace pointsman
