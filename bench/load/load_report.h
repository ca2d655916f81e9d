// The result of a load run, as a table for people and as JSON for scripts.
// JSON: {"phases": {NAME: {p50_us, p90_us, p99_us, p999_us, max_us, calls, errors, throughput,
//   server_cpu_us, own_cpu_us, switches, late_us, feedback: {...}, slices: [...]}},
//   "ratio": {NAME: {cpu, p50, p99, throughput}}, "rss_mb": {first, last, per_minute}, "recall": {...}}
//   Ratios are relative to the first phase: medians over the rounds, each of which ran both phases.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "bench/load/load_run.h"
#include "pointsman/v1/admin.pb.h"

namespace pointsman::bench {

struct LoadReport {
  std::vector<PhaseResult> phases;
  v1::MeasureRecallResponse recall;  // queries 0: not measured
};

std::string JsonTextOf(const LoadReport& report);
std::string TextOf(const LoadReport& report);

}  // namespace pointsman::bench
