// Reads the shared log for a replica, and gives what comes to the log writer.
// Errors: while the log cannot be read or folded, the replica's figures say why, and it is tried again.
// Threads: one of its own. With Writing::kInline there is none, and FoldNow reads on the calling thread.
#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "engine/replica/replica.h"

namespace pointsman::engine {

class LogReader {
 public:
  // Runs a function on the writer, and waits for it. Errors: kUnavailable if the writer is stopping.
  using OnWriter = std::function<absl::Status(std::function<absl::Status()>)>;

  LogReader(const ReplicaOptions& options, Writing writing, Replica& replica, OnWriter on_writer)
      : options_(options),
        writing_(writing),
        replica_(replica),
        on_writer_(std::move(on_writer)),
        position_(replica.position()) {}
  ~LogReader() { Stop(); }
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  void Start();
  void Stop();
  // Folds at most `count_max` messages that are there now. Returns how many.
  absl::StatusOr<std::size_t> FoldNow(std::size_t count_max);

 private:
  absl::StatusOr<std::size_t> FoldNext(std::size_t count_max, std::chrono::milliseconds wait);
  void Loop();

  const ReplicaOptions options_;
  const Writing writing_;
  Replica& replica_;
  const OnWriter on_writer_;
  uint64_t position_;
  Mutex mutex_;
  CondVar stopped_;
  bool is_stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pointsman::engine
