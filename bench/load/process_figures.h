// A process's figures from /proc: processor time, resident memory, context switches.
// Errors: kNotFound if there is no such process.
// Cost: reads a few small files, one per thread.
// Threads: a pure function of the machine.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace pointsman::bench {

struct ProcessFigures {
  double cpu_s = 0;        // user and system, of all threads
  uint64_t rss_bytes = 0;  // now
  uint64_t switches = 0;   // of all present threads, voluntary and involuntary
  uint64_t threads = 0;
};

absl::StatusOr<ProcessFigures> ReadProcess(int64_t pid);

}  // namespace pointsman::bench
