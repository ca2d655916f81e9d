// Where every call comes in, by whichever door. It is asked twice: AtArrival about every RPC, ours or not, when its
// metadata is here and before its message is read; and Enter when its message names its pools. What may be called is
// decided by Access; this adds that the server takes no more calls than it should, and no more of one client than it
// may ask.
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
#include "service/observe/audit_log.h"
#include "service/observe/metrics.h"
#include "service/access/gate.h"
#include "service/api/call_facts.h"

namespace pointsman {

// One call, apart from its message.
class CallInfo {
 public:
  virtual ~CallInfo() = default;
  virtual std::string_view authorization() const = 0;  // "Bearer TOKEN"; empty: none
  virtual std::string peer() const = 0;                // as gRPC writes addresses; it allocates
  virtual bool is_given_up() const = 0;                // by its client
};

class Admission {
 public:
  // All outlive it. Of the limits: calls_max, client_rate_max, connection_rate_max.
  Admission(const LiveLimits& limits, const Access& access, const Clock& clock, Metrics& metrics,
            AuditLog& audit)
      : limits_(limits), access_(access), clock_(clock), metrics_(metrics), audit_(audit) {}

  // `connection`: names one, while it lasts.
  absl::Status AtArrival(std::string_view method_path, std::string_view authorization,
                         std::string_view connection);

  // The client, who has to Leave again if this is no error.
  absl::StatusOr<Client> Enter(const CallInfo& call, const CallFacts& facts);
  void Leave() { gate_.Leave(); }
  // As Enter, for streams, which nobody waits for.
  absl::StatusOr<Client> Ask(const CallInfo& call, const CallFacts& facts);

  // What is no Call and uses the engine stays inside meanwhile, in as many copies as it takes. Null: nobody
  // enters now, for the reason that `status` says.
  std::shared_ptr<const void> Stay(absl::Status& status);

  // From now on nobody enters.
  void Close() { gate_.Close(); }
  // The same until Resume: while the storage is opened again.
  void Pause() { gate_.Pause(); }
  void Resume() { gate_.Resume(); }
  bool WaitUntilEmpty(std::chrono::milliseconds patience) { return gate_.WaitUntilEmpty(patience); }

  Metrics& metrics() const { return metrics_; }
  AuditLog& audit() const { return audit_; }

 private:
  void AuditRefusal(std::string_view method_path, std::string_view authorization,
                    const absl::Status& status);
  absl::Status TakeShare(const CallInfo& call, const Client& client,
                         int64_t items);

  const LiveLimits& limits_;
  const Access& access_;
  const Clock& clock_;
  Metrics& metrics_;
  AuditLog& audit_;
  Gate gate_;
  ClientRates rates_;
  ClientRates connection_rates_;
};

// What the audit will say of an admin call, as far as its request tells; null for the others.
std::unique_ptr<AuditEntry> AuditEntryOf(const CallInfo& call, const CallFacts& facts);

// Who calls, as the log and the feedback's bound know it: the token's name, or the address.
std::string ClientName(const CallInfo& call, const Client& client);

// Who calls, for the audit and for people who read the event log: TOKEN@ADDRESS, without a token the address.
// Of a call that was refused, the token that it claims to have.
std::string CallerOf(const CallInfo& call);

}  // namespace pointsman
