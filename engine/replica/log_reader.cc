#include "engine/replica/log_reader.h"

#include <utility>

#include "base/status_macros.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kMessagesAtOnce = 64;
constexpr std::chrono::milliseconds kIdle{200}, kAfterFailure{500};

}  // namespace

void LogReader::Start() {
  if (writing_ == Writing::kThread) thread_ = std::thread([this] { Loop(); });
}

void LogReader::Stop() {
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
    stopped_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<std::size_t> LogReader::FoldNow(std::size_t count_max) {
  return FoldNext(count_max, std::chrono::milliseconds(0));
}

absl::StatusOr<std::size_t> LogReader::FoldNext(std::size_t count_max,
                                                std::chrono::milliseconds wait) {
  ASSIGN_OR_RETURN(auto messages, options_.log->Read(position_, count_max, wait));
  if (messages.empty()) return std::size_t{0};
  const std::size_t count = messages.size();
  uint64_t folded = position_;
  const absl::Status status = on_writer_([&]() -> absl::Status {
    for (const storage::SharedMessage& message : messages) {
      RETURN_IF_ERROR(replica_.Fold(message));
      folded = message.position;
    }
    return absl::OkStatus();
  });
  position_ = folded;
  RETURN_IF_ERROR(status);
  return count;
}

void LogReader::Loop() {
  while (true) {
    const auto folded = FoldNext(kMessagesAtOnce, kIdle);
    replica_.NoteStatus(folded.status());
    MutexLock lock(mutex_);
    if (!folded.ok() && !is_stopping_) stopped_.WaitFor(mutex_, kAfterFailure);
    if (is_stopping_) return;
  }
}

}  // namespace pointsman::engine
