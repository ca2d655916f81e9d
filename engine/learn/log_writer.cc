#include "engine/learn/log_writer.h"

#include <utility>

#include "base/strings.h"

namespace pointsman::engine {
namespace {

constexpr std::chrono::milliseconds kIdleWait{200};

}  // namespace

LogWriter::LogWriter(const Limits& limits, Writing writing, storage::EventLog& log,
                     const Clock& clock, WriteHealth& health, Scheduler& scheduler,
                     std::vector<Turn::Evicted> evicted, OnCommitted on_committed)
    : limits_(limits),
      writing_(writing),
      log_(log),
      clock_(clock),
      health_(health),
      scheduler_(scheduler),
      on_committed_(std::move(on_committed)),
      queue_(static_cast<std::size_t>(limits.queue_items_max)),
      evicted_(std::move(evicted)) {}

void LogWriter::Start() {
  if (writing_ == Writing::kThread) thread_ = std::thread([this] { Run(); });
}

LogWriter::~LogWriter() { Stop(); }

void LogWriter::Submit(Command command) {
  if (writing_ == Writing::kInline) {
    MutexLock lock(inline_mutex_);
    std::vector<Command> batch;
    batch.push_back(std::move(command));
    RunBatch(std::move(batch));
    Maintain();
    return;
  }
  if (queue_.TryPush(command)) return;
  command.refuse(
      queue_.is_closed()
          ? WithReason(absl::UnavailableError("the server is stopping"), reason::kStopping)
          : WithReason(absl::ResourceExhaustedError(
                           Cat("the queue of the log writer is full (queue_items_max ",
                               limits_.queue_items_max, "); send it again a little later")),
                       reason::kQueueFull));
}

void LogWriter::SubmitAlways(Command command) {
  if (writing_ == Writing::kInline) return Submit(std::move(command));
  if (queue_.Push(command)) return;
  command.refuse(WithReason(absl::UnavailableError("the server is stopping"), reason::kStopping));
}

void LogWriter::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void LogWriter::Run() {
  const auto count_max = static_cast<std::size_t>(limits_.writer_batch_items_max);
  while (true) {
    std::vector<Command> batch =
        queue_.PopBatch(count_max, wants_more_ ? std::chrono::milliseconds(0) : kIdleWait);
    if (batch.empty() && queue_.is_closed() && queue_.size() == 0) return;
    if (!batch.empty()) RunBatch(std::move(batch));
    Maintain();
  }
}

void LogWriter::RunBatch(std::vector<Command> batch) {
  std::vector<Command> staged;
  for (Command& command : batch) {
    if (command.alone) {
      RunTurn(staged);
      command.alone();
    } else {
      staged.push_back(std::move(command));
    }
  }
  RunTurn(staged);
  if (after_batch_) after_batch_();
}

void LogWriter::RunTurn(std::vector<Command>& staged) {
  if (staged.empty()) return;
  Turn turn(log_, clock_.Now());
  std::vector<Completion> completions;
  completions.reserve(staged.size());
  for (const Command& command : staged) completions.push_back(command.stage(turn));

  absl::Status written;
  if (!turn.empty()) written = Commit(turn);
  // An event that no learner can follow must fail alone. So each command of the turn gets a turn of its own.
  if (!written.ok() && !absl::IsUnavailable(written) && staged.size() > 1) {
    const std::vector<Command> together = std::move(staged);
    staged.clear();
    for (const Command& command : together) {
      std::vector<Command> alone{command};
      RunTurn(alone);
    }
    return;
  }
  staged.clear();
  for (const Completion& complete : completions) complete({written});
  if (written.ok()) on_committed_(turn.touched());
}

// With Writing::kInline, runs everything that is due. With kThread, runs one round, so that feedback can
// follow.
void LogWriter::Maintain() {
  do {
    wants_more_ = scheduler_.RunDue(Scheduler::Lane::kWriter);
  } while (wants_more_ && writing_ == Writing::kInline);
}

// Commits the turn, and deletes the experiences that earlier turns dropped from the bounded memories.
absl::Status LogWriter::Commit(Turn& turn, storage::Durability durability) {
  for (const Turn::Evicted& gone : evicted_) turn.RemoveExperience(gone.pool, gone.sequence);
  auto evicted = turn.Commit(durability);
  absl::Status written = health_.Note(evicted.status());
  if (evicted.ok()) evicted_ = *std::move(evicted);
  return written;
}

}  // namespace pointsman::engine
