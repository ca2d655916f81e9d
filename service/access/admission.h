// Admits calls, whichever protocol they use. AtArrival checks every RPC, also unknown ones, when its metadata
// arrives and before its message is read. Enter checks it when its message names its pools. Access decides
// who may call what; admission also limits the calls in flight and the rate of each client.
// Errors: kUnauthenticated, kPermissionDenied, kResourceExhausted with a retry delay, kUnavailable once
//   it is closed; each with its machine code.
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "domain/live_limits.h"
#include "service/access/access.h"
#include "service/access/client_rates.h"
#include "service/access/gate.h"
#include "service/api/call_facts.h"
#include "service/observe/audit_log.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

// One call, without its message.
class CallInfo {
 public:
  virtual ~CallInfo() = default;
  virtual std::string_view authorization() const = 0;  // "Bearer TOKEN"; empty: none
  virtual std::string peer() const = 0;                // as gRPC writes addresses; allocates
  virtual bool is_given_up() const = 0;                // cancelled by its client
};

class Admission {
 public:
  // All arguments must outlive it. It uses these limits: calls_max, client_rate_max, connection_rate_max.
  Admission(const LiveLimits& limits, const Access& access, const Clock& clock, Metrics& metrics,
            AuditLog& audit)
      : limits_(limits), access_(access), clock_(clock), metrics_(metrics), audit_(audit) {}

  // `connection`: identifies a connection while it is open.
  absl::Status AtArrival(std::string_view method_path, std::string_view authorization,
                         std::string_view connection);

  // Returns the client. If this succeeds, call Leave at the end of the call.
  absl::StatusOr<Client> Enter(const CallInfo& call, const CallFacts& facts);
  void Leave() { gate_.Leave(); }
  // As Enter, for streams; a stream does not count as a call in flight.
  absl::StatusOr<Client> Ask(const CallInfo& call, const CallFacts& facts);

  // Keeps the engine in place for code that uses it outside of a Call, as long as a copy of the result lives.
  // Null: nobody may enter now; `status` has the reason.
  std::shared_ptr<const void> Stay(absl::Status& status);

  // From now on no call enters.
  void Close() { gate_.Close(); }
  // No call enters until Resume; used while the storage is reopened.
  void Pause() { gate_.Pause(); }
  void Resume() { gate_.Resume(); }
  bool WaitUntilEmpty(std::chrono::milliseconds patience) { return gate_.WaitUntilEmpty(patience); }

  Metrics& metrics() const { return metrics_; }
  AuditLog& audit() const { return audit_; }

 private:
  void AuditRefusal(std::string_view method_path, std::string_view authorization,
                    const absl::Status& status);
  absl::Status TakeShare(const CallInfo& call, const Client& client, int64_t items);

  const LiveLimits& limits_;
  const Access& access_;
  const Clock& clock_;
  Metrics& metrics_;
  AuditLog& audit_;
  Gate gate_;
  ClientRates rates_;
  ClientRates connection_rates_;
};

// The audit entry of an admin call, filled from its request; null for other calls.
std::unique_ptr<AuditEntry> AuditEntryOf(const CallInfo& call, const CallFacts& facts);

// The caller's name in the log and for the bound on feedback: the token's name, or the address.
std::string ClientName(const CallInfo& call, const Client& client);

// The caller's name in the audit and the event log: TOKEN@ADDRESS, or the address if there is no token. For a
// refused call, the name of the token that it sent.
std::string CallerOf(const CallInfo& call);

}  // namespace pointsman::service
