#include "service/access/admission.h"

#include <limits>
#include <utility>

#include "base/strings.h"
#include "engine/request/requests.h"
#include "service/access/address.h"
#include "service/api/status.h"

namespace pointsman::service {
namespace {

absl::Status Stopping() {
  return WithReason(
      absl::UnavailableError("the server is stopping and did not start this call; retry"),
      reason::kStopping);
}

absl::Status Reopening() {
  return WithRetryDelay(
      WithReason(absl::UnavailableError("the server is reopening its storage after a disk error "
                                        "and did not start this call; retry in 1 s"),
                 reason::kStorageBroken),
      kMicrosPerSecond);
}

absl::Status WithAccessReason(const absl::Status& status) {
  return WithReason(status, absl::IsUnauthenticated(status) ? reason::kToken : reason::kForbidden);
}

}  // namespace

absl::Status Admission::AtArrival(std::string_view method_path, std::string_view authorization,
                                  std::string_view connection) {
  const Micros now = clock_.Now();
  const Limits& limits = limits_.Get();
  // The burst equals the limit of open streams per connection.
  const ClientRates::Rate rate{limits.connection_rate_max, limits.streams_per_connection_max};
  absl::Status status;
  if (connection_rates_.Take(connection, 1, rate, now)) {
    status = absl::ResourceExhaustedError(
        Cat("this connection starts more than ", rate.per_second,
            " calls per second (connection_rate_max); use RouteBatch, or send fewer calls"));
  } else if (access_.asks_for_tokens()) {
    status = access_.Decide(NeedOf(method_path), {authorization, ""}, now).status();
    if (!status.ok()) AuditRefusal(method_path, authorization, status);
  }
  if (!status.ok()) metrics_.CountRefusal(status);
  return status;
}

// Audits a call that is rejected before its message is read. gRPC does not give its address then.
void Admission::AuditRefusal(std::string_view method_path, std::string_view authorization,
                             const absl::Status& status) {
  const Method* const method = FindMethod(method_path);
  if (method != nullptr && !method->is_admin()) return;
  const std::string_view name = Access::ClaimedName(authorization);
  AuditEntry entry;
  entry.rpc = method_path;
  entry.who = name.empty() ? "no token" : Cat(name, "@unknown");
  audit_.Write(entry, status);
}

absl::StatusOr<Client> Admission::Ask(const CallInfo& call, const CallFacts& facts) {
  const bool has_tokens = access_.asks_for_tokens();
  // Only where they are used: both cost allocations.
  const Method& method = MethodOf(facts.method);
  const std::string peer = !has_tokens && method.is_admin() ? call.peer() : std::string();
  const Credentials credentials{has_tokens ? call.authorization() : std::string_view(), peer};
  const Need need{
      method.scope, {facts.pools.data(), facts.pools.size()}, method.reach == Reach::kAllPools};
  auto client = access_.Decide(need, credentials, clock_.Now());
  absl::Status status =
      client.ok() ? TakeShare(call, *client, facts.items) : WithAccessReason(client.status());
  if (status.ok()) return client;
  metrics_.CountRefusal(status);
  return status;
}

absl::Status Admission::TakeShare(const CallInfo& call, const Client& client, int64_t items) {
  const int64_t per_second = limits_.Get().client_rate_max;
  if (per_second == 0 || items == 0) return absl::OkStatus();
  const auto wait =
      rates_.Take(ClientName(call, client), items, {per_second, per_second}, clock_.Now());
  if (!wait) return absl::OkStatus();
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError(
                     Cat("this client sends more than ", per_second,
                         " routes and feedbacks per second (client_rate_max); retry in ",
                         (*wait + kMicrosPerMs - 1) / kMicrosPerMs, " ms")),
                 reason::kClientRate),
      *wait);
}

absl::StatusOr<Client> Admission::Enter(const CallInfo& call, const CallFacts& facts) {
  // Do no work for a client that resets its calls as fast as it starts them.
  if (call.is_given_up()) return absl::CancelledError("the client cancelled the call");
  const int64_t calls_max = limits_.Get().calls_max;
  switch (gate_.Enter(calls_max)) {
    case Gate::Entry::kClosed:
      return Stopping();
    case Gate::Entry::kPaused:
      return Reopening();
    case Gate::Entry::kFull: {
      const absl::Status full =
          WithReason(absl::ResourceExhaustedError(Cat("the server is already handling ", calls_max,
                                                      " calls (calls_max); retry in a moment")),
                     reason::kTooManyCalls);
      metrics_.CountRefusal(full);
      return full;
    }
    case Gate::Entry::kIn:
      break;
  }
  auto client = Ask(call, facts);
  if (!client.ok()) gate_.Leave();
  return client;
}

std::shared_ptr<const void> Admission::Stay(absl::Status& status) {
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

std::unique_ptr<AuditEntry> AuditEntryOf(const CallInfo& call, const CallFacts& facts) {
  const Method& method = MethodOf(facts.method);
  if (!method.is_admin()) return nullptr;
  auto entry = std::make_unique<AuditEntry>();
  entry->rpc = method.name();
  entry->is_change = method.is_change && !facts.is_dry_run;
  if (!facts.pools.empty()) entry->pool = facts.pools.front();
  entry->target = facts.target;
  entry->who = CallerOf(call);
  return entry;
}

std::string ClientName(const CallInfo& call, const Client& client) {
  if (client.token() != nullptr) return client.token()->name;
  const std::string peer = call.peer();
  return std::string(PeerAddress(peer));
}

std::string CallerOf(const CallInfo& call) {
  const std::string_view name = Access::ClaimedName(call.authorization());
  const std::string address = ShownAddress(call.peer());
  return name.empty() ? address : Cat(name, "@", address);
}

}  // namespace pointsman::service
