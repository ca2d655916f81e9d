#include "engine/learn/log_writer.h"

#include <utility>

#include "base/strings.h"

namespace pointsman {
namespace {

constexpr std::chrono::milliseconds kIdleWait{200};
constexpr Micros kExpireEvery = 600 * kMicrosPerSecond;
constexpr Micros kJudgeEvery = kMicrosPerSecond;
constexpr std::size_t kJudgedAtOnce = 256;  // a few milliseconds; feedback comes in between

}  // namespace

LogWriter::LogWriter(const Limits& limits, Writing writing, EventLog& log, const Clock& clock,
                     WriteHealth& health, MissingFeedbackJudge& judge, Housekeeper& housekeeper,
                     std::vector<Turn::Evicted> evicted)
    : limits_(limits),
      writing_(writing),
      log_(log),
      clock_(clock),
      health_(health),
      judge_(judge),
      housekeeper_(housekeeper),
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
    MaybeJudge();
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

void LogWriter::Stop() {
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void LogWriter::Run() {
  const auto count_max = static_cast<std::size_t>(limits_.writer_batch_items_max);
  while (true) {
    std::vector<Command> batch =
        queue_.PopBatch(count_max, is_more_due_ ? std::chrono::milliseconds(0) : kIdleWait);
    if (batch.empty() && queue_.is_closed() && queue_.size() == 0) return;
    if (!batch.empty()) RunBatch(std::move(batch));
    MaybeJudge();
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
  if (!turn.empty()) written = CommitTurn(turn);
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
  for (const auto& pool : turn.touched()) housekeeper_.Note(pool);
  MaybeExpireFeedback(turn.now());
}

// What was said of a decision is of no use once the decision itself has expired.
void LogWriter::MaybeExpireFeedback(Micros now) {
  if (now - expired_at_ < kExpireEvery) return;
  expired_at_ = now;
  health_.Note(log_.ExpireFeedback(now - limits_.decision_ttl_s * kMicrosPerSecond)).IgnoreError();
}

void LogWriter::MaybeJudge() {
  const Micros now = clock_.Now();
  // A clock that was set back does not stop it.
  const bool is_time = now < judged_at_ || now - judged_at_ >= kJudgeEvery;
  if (!is_time && !is_more_due_) return;
  judged_at_ = now;
  do {
    is_more_due_ = JudgeSome(/*learns=*/true);
  } while (is_more_due_ && writing_ == Writing::kInline);
}

bool LogWriter::JudgeSome(bool learns) {
  if (!health_.status().ok()) return false;  // nothing can be written
  Turn turn(log_, clock_.Now());
  const auto more = judge_.Stage(turn, kJudgedAtOnce, learns);
  if (!more.ok()) return false;  // what cannot be read now is looked at again in a second
  if (turn.empty()) return false;
  const absl::Status written = CommitTurn(turn);
  if (!written.ok()) {
    // Once without learning: an event that no learner can follow must not hold up the rest.
    return learns && !absl::IsUnavailable(written) && JudgeSome(/*learns=*/false);
  }
  judge_.Committed();
  for (const auto& pool : turn.touched()) housekeeper_.Note(pool);
  return *more;
}

// Commits what was staged, with what fell out of the bounded memories before.
absl::Status LogWriter::CommitTurn(Turn& turn) {
  for (const Turn::Evicted& gone : evicted_) turn.RemoveExperience(gone.pool, gone.sequence);
  auto evicted = turn.Commit();
  const absl::Status written = health_.Note(evicted.status());
  if (evicted.ok()) evicted_ = *std::move(evicted);
  return written;
}

}  // namespace pointsman
