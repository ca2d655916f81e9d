// One unary call in flight, whichever door it came in by: admitted, timed, audited, finished exactly once and
// released. A door derives from it: it says who calls, and how the answer goes back.
// Order: construct, Enter; if that succeeds, a handler of router_calls.h or admin_calls.h, which calls Finish.
// Threads: Finish from any; the rest from the thread that started the call.
#pragma once

#include <exception>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/access/admission.h"
#include "service/api/call_facts.h"
#include "service/observe/metrics.h"

namespace pointsman::service {

// Runs a handler's body. An exception from a library becomes kInternal instead of ending the server.
template <class Body>
absl::Status Guarded(Body body) {
  try {
    return body();
  } catch (const std::exception& e) {
    return absl::InternalError(e.what());
  }
}

class Call {
 public:
  explicit Call(Admission& admission);
  // Leaves admission only here: the thread that started the call may still be in the engine when another thread
  // has finished the call.
  virtual ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // False: the call was not admitted and is finished. No work may be started for it.
  bool Enter(const CallFacts& facts);
  // From here on only for a call that has entered.
  const Client& client() const { return *client_; }
  std::string client_name() const { return ClientName(info(), *client_); }
  // Only for an admin call: the content of its audit line.
  AuditEntry& audited() const { return *audited_; }

  void Finish(const absl::Status& status);
  // For a body that answers at once.
  template <class Body>
  void Run(Body body) {
    Finish(Guarded(body));
  }

 protected:
  virtual const CallInfo& info() const = 0;
  // Sends the response, or the error. The messages of the call live until then.
  virtual void Answer(const absl::Status& status) = 0;

 private:
  RpcTimer timer_;
  RpcName rpc_ = RpcName::kAdmin;
  Admission& admission_;
  absl::StatusOr<Client> client_;
  std::unique_ptr<AuditEntry> audited_;
};

using CallPtr = std::shared_ptr<Call>;

// One of the calls that arrived together. Request and response belong to the call.
template <class Request, class Response>
struct CallItem {
  CallPtr call;
  const Request& request;
  Response& response;
};

}  // namespace pointsman::service
