// The one writer of the log: a bounded queue of commands, drained a batch at a time into one Turn.
// Operation: each command stages what it wants written and answers how to complete its caller; after
//   the turn has committed and published, the completions run, in order. A batch whose write fails
//   completes with kUnavailable and changes nothing.
//   Between turns it runs the maintenance that is its own (scheduler.h, Lane::kWriter).
// Concurrency: Submit from any thread. Writing::kThread: turns run on a thread of its own;
//   Writing::kInline: on the caller's, one command a turn, one caller at a time.
// Limitations: completions must not block, nor submit and wait.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "domain/limits.h"
#include "engine/engine.h"
#include "engine/learn/turn.h"
#include "engine/maintain/scheduler.h"
#include "engine/maintain/write_health.h"
#include "storage/api/storage.h"

namespace pointsman::engine {

// Told how the write went; answers the caller.
using Completion = std::function<void(const absl::Status& written)>;

struct Command {
  // Adds to the turn what is to be written. Runs on the writer.
  std::function<Completion(Turn&)> stage;
  // Set for commands that change the set of pools: run between turns, with nothing staged.
  std::function<void()> alone;
  // If the command never reaches the writer.
  std::function<void(const absl::Status&)> refuse;
};

class LogWriter {
 public:
  // The pools that got events.
  using OnCommitted = std::function<void(const std::vector<std::shared_ptr<PoolRuntime>>&)>;

  LogWriter(const Limits& limits, Writing writing, storage::EventLog& log, const Clock& clock,
            WriteHealth& health, Scheduler& scheduler, std::vector<Turn::Evicted> evicted,
            OnCommitted on_committed);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Before anything is submitted.
  void Start();
  // Errors go to the command's `refuse`: kResourceExhausted QUEUE_FULL, kUnavailable STOPPING.
  void Submit(Command command);
  // Finishes what is queued and refuses the rest; idempotent.
  void Stop();

  // Commits a turn that was staged on the writer itself: by a job of its lane, or by a command that runs alone.
  absl::Status Commit(Turn& turn);

  std::size_t queue_depth() const { return queue_.size(); }

 private:
  void Run();
  void RunBatch(std::vector<Command> batch);
  void RunTurn(std::vector<Command>& staged);
  void Maintain();

  const Limits limits_;
  const Writing writing_;
  storage::EventLog& log_;
  const Clock& clock_;
  WriteHealth& health_;
  Scheduler& scheduler_;
  const OnCommitted on_committed_;
  BoundedQueue<Command> queue_;
  Mutex inline_mutex_;
  std::vector<Turn::Evicted> evicted_;  // writer's
  bool wants_more_ = false;             // writer's: a job has more to do at once
  std::thread thread_;
};

}  // namespace pointsman::engine
