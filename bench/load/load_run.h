// Measures calls of several kinds in turns of a second or so ("slices"), so that their figures can be
// divided by each other on a machine whose speed varies.
// Operation: every round runs one slice of each phase: a slice sends its calls, waits for their
//   answers and reads what the server's process used meanwhile.
//   Closed loop (rate 0): `concurrency` calls at all times, each followed by the next.
//   Open loop: calls start when a schedule says, drawn beforehand, whether or not earlier ones were
//   answered; latency counts from the scheduled start, so a server that stalls cannot hide it.
//   A phase with feedback sends one for each routed decision, after an exponential delay of the time
//   measured in that phase.
// Errors: a call that fails is counted and its first message kept; the run goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/histogram.h"
#include "bench/load/workload.h"

namespace pointsman {

enum class LoadKind : uint8_t { kEmpty, kRoute, kBatch, kFeedback };

struct LoadPhase {
  std::string name;
  LoadKind kind = LoadKind::kRoute;
  std::string pool;
  bool has_feedback = false;     // of kRoute
  double arm_changes_per_s = 0;  // arms put and removed meanwhile, in turn
};

struct LoadOptions {
  std::string server;
  double rate = 0;  // calls a second; 0: closed loop
  std::size_t concurrency = 32;
  std::size_t connections = 1;
  double slice_s = 1;
  std::size_t rounds = 10;
  double warm_up_s = 1;  // of each phase, not counted
  std::size_t batch = 64;
  double feedback_delay_s = 1;
  int64_t pid = 0;  // the server's; 0: its process is not looked at
  uint64_t seed = 1;
};

// What calls of one kind showed, in one slice or all of them.
struct LoadFigures {
  uint64_t calls = 0;
  uint64_t errors = 0;
  double p50_us = 0, p90_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
};

struct LoadSlice {
  LoadFigures calls;
  LoadFigures feedback;
  double seconds = 0;
  double server_cpu_s = 0;
  double own_cpu_s = 0;
  uint64_t switches = 0;
  uint64_t rss_bytes = 0;  // at the end
  double late_us = 0;      // how late the generator itself started a call, at the 99th percentile
};

struct PhaseResult {
  LoadPhase phase;
  LoadFigures calls;
  LoadFigures feedback;
  std::vector<LoadSlice> slices;  // one a round
  std::string first_error;
};

class LoadRun {
 public:
  // The load's texts begin here, far from those that a pool was filled with.
  static constexpr std::size_t kFirstText = 500000000;

  LoadRun(const LoadOptions& options, const Workload& workload);
  ~LoadRun();
  // Makes the decisions that kFeedback phases tell about, so many.
  absl::Status MakeDecisions(const std::string& pool, std::size_t count,
                             const std::function<void(double)>& on_progress);
  absl::StatusOr<std::vector<PhaseResult>> Run(
      const std::vector<LoadPhase>& phases,
      const std::function<void(double share, const LoadSlice&)>& on_progress);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman
