#include "service/engine/log_writer.h"

#include <utility>

#include "base/strings.h"

namespace pointsman {
namespace {

constexpr std::chrono::milliseconds kIdleWait{200};
constexpr Micros kExpireEvery = 600 * kMicrosPerSecond;

}  // namespace

LogWriter::LogWriter(const Limits& limits, Writing writing, EventLog& log, const Clock& clock,
                     WriteHealth& health, std::vector<Turn::Evicted> evicted)
    : limits_(limits),
      writing_(writing),
      log_(log),
      clock_(clock),
      health_(health),
      queue_(static_cast<std::size_t>(limits.queue_items_max)),
      evicted_(std::move(evicted)) {
  if (writing_ == Writing::kThread) thread_ = std::thread([this] { Run(); });
}

LogWriter::~LogWriter() { Stop(); }

void LogWriter::Submit(Command command) {
  if (writing_ == Writing::kInline) {
    MutexLock lock(inline_mutex_);
    std::vector<Command> batch;
    batch.push_back(std::move(command));
    RunBatch(std::move(batch));
    return;
  }
  if (queue_.TryPush(command)) return;
  command.refuse(queue_.is_closed()
                     ? WithReason(absl::UnavailableError("the server is stopping"),
                                  reason::kStopping)
                     : WithReason(absl::ResourceExhaustedError(
                                      Cat("the queue of the log writer is full (queue_items_max ",
                                          limits_.queue_items_max, "); send it again a little later")),
                                  reason::kQueueFull));
}

void LogWriter::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void LogWriter::Run() {
  const auto count_max = static_cast<std::size_t>(limits_.writer_batch_items_max);
  while (true) {
    std::vector<Command> batch = queue_.PopBatch(count_max, kIdleWait);
    if (batch.empty() && queue_.is_closed() && queue_.size() == 0) return;
    if (!batch.empty()) RunBatch(std::move(batch));
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
}

void LogWriter::RunTurn(std::vector<Command>& staged) {
  if (staged.empty()) return;
  Turn turn(log_, clock_.Now());
  std::vector<Completion> completions;
  for (const Command& command : staged) completions.push_back(command.stage(turn));

  absl::Status written;
  if (!turn.empty()) {
    for (const Turn::Evicted& gone : evicted_) turn.RemoveExperience(gone.pool, gone.sequence);
    auto evicted = turn.Commit();
    written = health_.Note(evicted.status());
    if (evicted.ok()) evicted_ = *std::move(evicted);
  }
  // An event that no learner can follow fails alone: the others of its turn get turns of their own.
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
  for (const Completion& complete : completions) complete(written);
  if (!written.ok()) return;
  MaybeSnapshot(turn);
  MaybeExpireFeedback(turn.now());
}

void LogWriter::MaybeSnapshot(const Turn& turn) {
  for (const auto& pool : turn.touched()) {
    const auto [last, is_new] = snapshotted_.try_emplace(pool->id(), 0);
    if (is_new) {  // since the start: what recovery replayed counts as well
      const auto kept = log_.ListSnapshots(pool->id());
      if (kept.ok() && !kept->empty()) last->second = kept->front();
    }
    const Sequence version = pool->state()->version();
    if (version >= last->second + static_cast<Sequence>(limits_.snapshot_every_events)) {
      Snapshot(*pool);
    }
  }
}

// What was said of a decision is of no use once the decision itself has expired.
void LogWriter::MaybeExpireFeedback(Micros now) {
  if (now - expired_at_ < kExpireEvery) return;
  expired_at_ = now;
  health_.Note(log_.ExpireFeedback(now - limits_.decision_ttl_s * kMicrosPerSecond)).IgnoreError();
}

void LogWriter::Snapshot(PoolRuntime& pool) {
  const auto state = pool.state();
  const absl::Status status =
      log_.PutSnapshot(pool.id(), state->version(), state->Encode(), limits_.snapshots_kept);
  if (health_.Note(status).ok()) snapshotted_[pool.id()] = state->version();
}

}  // namespace pointsman
