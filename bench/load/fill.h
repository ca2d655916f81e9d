// Prepares a server for a load: creates a pool with arms, and lets it route and learn by the calls that an
// application would use.
// Errors: those of the server's answers.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "bench/load/call.h"
#include "bench/load/workload.h"

namespace pointsman::bench {

struct FillPlan {
  std::string pool;
  std::size_t arms = 8;
  std::size_t outcomes = 100000;
  uint32_t dimension = 64;      // of the embedding
  std::string embedder;         // empty: the server's default
  std::string learner;          // empty: the server's default
  std::size_t in_flight = 4;    // batches
  uint32_t experience_max = 0;  // outcomes in the index of past queries; 0: the server's default
};

absl::Status Fill(Connections& connections, const Workload& workload, const FillPlan& plan,
                  const std::function<void(double share, const std::string& what)>& on_progress);

}  // namespace pointsman::bench
