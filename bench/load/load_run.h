// Measures several kinds of calls in turns of about a second ("slices"), so that the ratios of their figures
// are valid on a machine whose speed varies.
// Operation: every round runs one slice of each phase. A slice sends its calls, waits for the answers, and
//   reads what the server's process used in that time.
//   Closed loop (rate 0): `concurrency` calls are always in flight; each is followed by the next.
//   Open loop: calls start at times that were drawn beforehand, whether or not earlier calls were answered.
//   Latency counts from the scheduled start, so a server that stalls cannot hide it.
//   A phase with feedback sends one for each routed decision, after an exponentially distributed delay in that
//   phase's own time.
// Errors: failed calls are counted, and the first message is kept; the run continues.
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

namespace pointsman::bench {

enum class LoadKind : uint8_t { kEmpty, kRoute, kBatch, kFeedback, kFeedbackBatch };

struct LoadPhase {
  std::string name;
  LoadKind kind = LoadKind::kRoute;
  std::string pool;
  bool has_feedback = false;     // only for kRoute
  double arm_changes_per_s = 0;  // arms put and removed in turn during the phase
  bool is_streamed = false;      // routes and feedback as items of streams
};

struct LoadOptions {
  std::string server;
  double rate = 0;  // calls per second; 0: closed loop
  std::size_t concurrency = 32;
  std::size_t connections = 1;
  double slice_s = 1;
  std::size_t rounds = 10;
  double warm_up_s = 1;  // per phase, not counted
  std::size_t batch = 64;
  double feedback_delay_s = 1;
  int64_t pid = 0;  // of the server; 0: do not measure its process
  uint64_t seed = 1;
};

// The figures of one kind of call, in one slice or in all.
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
  double late_us = 0;      // how late the generator started calls, 99th percentile
};

struct PhaseResult {
  LoadPhase phase;
  LoadFigures calls;
  LoadFigures feedback;
  std::vector<LoadSlice> slices;  // one per round
  std::string first_error;
};

class LoadRun {
 public:
  // The first of the load's texts, far from those that the pool was filled with.
  static constexpr std::size_t kFirstText = 500000000;

  LoadRun(const LoadOptions& options, const Workload& workload);
  ~LoadRun();
  // Makes `count` decisions for kFeedback and kFeedbackBatch phases to report outcomes of.
  absl::Status MakeDecisions(const std::string& pool, std::size_t count,
                             const std::function<void(double)>& on_progress);
  absl::StatusOr<std::vector<PhaseResult>> Run(
      const std::vector<LoadPhase>& phases,
      const std::function<void(double share, const LoadSlice&)>& on_progress);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pointsman::bench
