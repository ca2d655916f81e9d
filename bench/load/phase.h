// The state of one phase of a load run, within and between slices.
// Threads: as noted at the members; Series::Record from any thread, the rest of a Series from one.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/rng.h"
#include "bench/load/call.h"
#include "bench/load/histogram.h"
#include "bench/load/load_run.h"

namespace pointsman::bench {

using Seconds = std::chrono::duration<double>;

// The latencies of one kind of call, in the present slice and in all.
struct Series {
  Histogram slice, all;
  std::atomic<uint64_t> slice_errors = 0, all_errors = 0;

  void Record(const Call& call, LoadTime now) {
    if (call.status.ok()) {
      slice.Add(static_cast<uint64_t>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(now - call.intended).count()));
    } else {
      ++slice_errors;
    }
  }
  // Ends the slice.
  LoadFigures Close(bool counts) {
    const LoadFigures figures = FiguresOf(slice, slice_errors);
    if (counts) {
      all.Add(slice);
      all_errors += slice_errors;
    }
    slice.Clear();
    slice_errors = 0;
    return figures;
  }
  static LoadFigures FiguresOf(const Histogram& h, uint64_t errors) {
    return {h.count() + errors,
            errors,
            h.PercentileUs(0.5),
            h.PercentileUs(0.9),
            h.PercentileUs(0.99),
            h.PercentileUs(0.999),
            h.MaxUs()};
  }
};

struct DueFeedback {
  double due_s = 0;  // in the phase's own time
  std::size_t query = 0;
  std::string decision_id, arm;
  friend bool operator>(const DueFeedback& a, const DueFeedback& b) { return a.due_s > b.due_s; }
};

// A phase with its state between slices.
struct Phase {
  LoadPhase plan;
  Series calls, feedback;
  Histogram late;
  std::vector<v1::RouteRequest> routes;
  std::vector<v1::RouteBatchRequest> batches;
  std::vector<LoadSlice> slices;
  double time_s = 0;  // the phase's own time before the present slice
  std::size_t arm_changes = 0;

  Mutex mutex;
  std::priority_queue<DueFeedback, std::vector<DueFeedback>, std::greater<>> due GUARDED_BY(mutex);
  Rng delays GUARDED_BY(mutex){1};
  std::string first_error GUARDED_BY(mutex);

  void NoteError(const grpc::Status& status) {
    MutexLock lock(mutex);
    if (first_error.empty()) first_error = status.error_message();
  }
};

}  // namespace pointsman::bench
