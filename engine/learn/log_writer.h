// The only writer of the log: a bounded queue of commands, from which each batch becomes one Turn.
// Operation: each command stages what it wants to write, and returns a function that completes its caller.
//   After the turn has committed and published, these completions run in order. If the write of a batch fails,
//   its commands complete with kUnavailable and change nothing.
//   Between turns the writer runs the maintenance jobs of its lane (scheduler.h, Lane::kWriter).
// Concurrency: Submit from any thread. With Writing::kThread, turns run on the writer's own thread. With
//   Writing::kInline, they run on the caller's thread, one command a turn, one caller at a time.
// Limitations: completions must not block, and must not submit a command and wait for it.
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

// What became of a command's turn.
struct Written {
  absl::Status status;
  // The sequences in the log minus those of the turn that staged the command. Not 0 only for a replica, whose
  // turns are proposals.
  int64_t moved = 0;
};

// Gets the result of the write, and answers the caller.
using Completion = std::function<void(const Written& written)>;

struct Command {
  // Adds to the turn what the command writes. Runs on the writer.
  std::function<Completion(Turn&)> stage;
  // Set for commands that change the set of pools. It runs between turns, while nothing is staged.
  std::function<void()> alone;
  // Runs if the command never reaches the writer.
  std::function<void(const absl::Status&)> refuse;
};

class LogWriter {
 public:
  // Gets the pools that have new events.
  using OnCommitted = std::function<void(const std::vector<std::shared_ptr<PoolRuntime>>&)>;

  LogWriter(const Limits& limits, Writing writing, storage::EventLog& log, const Clock& clock,
            WriteHealth& health, Scheduler& scheduler, std::vector<Turn::Evicted> evicted,
            OnCommitted on_committed);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Runs on the writer after each batch of commands. Call it before Start.
  void SetAfterBatch(std::function<void()> after_batch) { after_batch_ = std::move(after_batch); }
  // Call it before anything is submitted.
  void Start();
  // Errors go to the command's `refuse`: kResourceExhausted QUEUE_FULL, kUnavailable STOPPING.
  void Submit(Command command);
  // The same, though the queue may be full: for the one command at a time that folds a shared log.
  void SubmitAlways(Command command);
  // Finishes the queued commands and refuses later ones. Idempotent.
  void Stop();

  // Commits a turn that was staged on the writer itself: by a job of its lane, or by a command that runs alone.
  absl::Status Commit(Turn& turn, storage::Durability durability = storage::Durability::kDisk);

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
  std::function<void()> after_batch_;
  BoundedQueue<Command> queue_;
  Mutex inline_mutex_;
  std::vector<Turn::Evicted> evicted_;  // writer's
  bool wants_more_ = false;             // writer's: a job has more to do at once
  std::thread thread_;
};

}  // namespace pointsman::engine
