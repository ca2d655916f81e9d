// Mixed load on a server that is killed meanwhile. Every acknowledgement is kept, and what was sent without
// an answer is sent again to the next server.
// Threads: a Client belongs to one; Acknowledged is a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/support/server_process.h"

namespace pointsman::tests {

struct Acknowledged {
  v1::FeedbackRequest request;
  v1::FeedbackResult result = v1::FEEDBACK_RESULT_UNSPECIFIED;
  uint64_t sequence = 0;  // 0: nothing was written for it
};

class Client {
 public:
  Client(int number, uint64_t seed) : number_(number), rng_(seed) {}

  // Works until a call fails, which is when the server is gone.
  void Work(ServerProcess& server);
  // Sends again what got no answer. False if the server is gone again.
  bool SendUnsureAgain(ServerProcess& server);

  const std::vector<Acknowledged>& acknowledged() const { return acknowledged_; }
  // The messages of answers that no server should give.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  // False: the server is gone.
  bool Round(ServerProcess& server);
  bool Route(ServerProcess& server, v1::RouteResponse& response);
  bool Tell(ServerProcess& server, const v1::FeedbackRequest& request);
  bool TellBatch(ServerProcess& server, const std::vector<v1::FeedbackRequest>& requests);
  bool Administer(ServerProcess& server);
  v1::FeedbackRequest About(const v1::RouteResponse& decision);

  const int number_;
  Rng rng_;
  uint64_t count_ = 0;
  std::vector<v1::FeedbackRequest> unsure_;
  std::vector<Acknowledged> acknowledged_;
  std::vector<std::string> faults_;
};

}  // namespace pointsman::tests
