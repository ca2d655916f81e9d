#include "engine/replica/decision_sharing.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status_macros.h"

namespace pointsman::engine {
namespace {

constexpr std::size_t kBatch = 64, kQueueMax = 65536, kMessagesAtOnce = 64;
// Messages that are read again at the start: the storage may have lost the last of them with a power loss.
constexpr uint64_t kReadAgain = 1024;
constexpr std::size_t kMessageBytes = 512 << 10;
constexpr std::size_t kSentAgainMax = 1000;  // of each pool
constexpr Micros kSentAgain = 60 * kMicrosPerSecond;
constexpr std::chrono::milliseconds kGather{10}, kIdle{200};

}  // namespace

DecisionSharing::DecisionSharing(const ReplicaOptions& options, Writing writing, uint64_t run,
                                 storage::DecisionStore& store, uint64_t from,
                                 std::function<void(uint64_t)> on_stored)
    : options_(options),
      writing_(writing),
      run_(run),
      store_(store),
      on_stored_(std::move(on_stored)),
      position_(from - std::min(from, kReadAgain)) {}

void DecisionSharing::Start() {
  if (writing_ != Writing::kThread) return;
  sender_ = std::thread([this] { SendLoop(); });
  receiver_ = std::thread([this] { ReceiveLoop(); });
}

void DecisionSharing::Stop() {
  {
    MutexLock lock(queue_->mutex);
    queue_->is_stopping = true;
    queue_->came.NotifyAll();
  }
  if (sender_.joinable()) sender_.join();
  if (receiver_.joinable()) receiver_.join();
}

void DecisionSharing::Queue::Push(std::span<const Decision> more) {
  decisions.insert(decisions.end(), more.begin(), more.end());
  while (decisions.size() > kQueueMax) decisions.pop_front();
}

void DecisionSharing::Made(std::span<const Decision> decisions) {
  if (decisions.empty()) return;
  if (writing_ == Writing::kInline) return Send({decisions.begin(), decisions.end()});
  MutexLock lock(queue_->mutex);
  queue_->Push(decisions);
  queue_->came.NotifyOne();
}

void DecisionSharing::SendAgain(const PoolTable& pools, Micros now) {
  const auto all = pools.all();
  for (const auto& [name, pool] : *all) {
    const auto newest = store_.ReadNewest(pool->id(), {now + kMicrosPerSecond, ""}, kSentAgainMax);
    if (!newest.ok()) continue;
    std::vector<Decision> again;
    for (const DecisionPosition& position : *newest) {
      if (position.time < now - kSentAgain) break;
      auto decision = store_.Get(pool->id(), position.decision_id);
      if (decision.ok() && *decision) again.push_back(**std::move(decision));
    }
    Made(again);
  }
}

std::vector<Decision> DecisionSharing::NextBatch() {
  Queue& queue = *queue_;
  MutexLock lock(queue.mutex);
  if (queue.decisions.empty() && !queue.is_stopping) queue.came.WaitFor(queue.mutex, kIdle);
  // What failed waits until nothing newer does.
  if (queue.decisions.empty()) queue.Push(std::exchange(queue.failed, {}));
  if (!queue.decisions.empty() && queue.decisions.size() < kBatch && !queue.is_stopping) {
    queue.came.WaitFor(queue.mutex, kGather);
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue.decisions.size(), kBatch));
  const auto begin = queue.decisions.begin();
  std::vector<Decision> batch(std::make_move_iterator(begin),
                              std::make_move_iterator(begin + count));
  queue.decisions.erase(begin, begin + count);
  return batch;
}

void DecisionSharing::SendLoop() {
  while (true) {
    const std::vector<Decision> batch = NextBatch();
    if (!batch.empty()) Send(batch);
    MutexLock lock(queue_->mutex);
    if (queue_->is_stopping && queue_->decisions.empty()) return;
  }
}

void DecisionSharing::Send(const std::vector<Decision>& batch) {
  const DecisionMessage message{options_.name, run_, batch};
  const std::string encoded = Encode(message);
  // Decisions with the text of their queries may be large. One alone always fits.
  if (encoded.size() > kMessageBytes && batch.size() > 1) {
    const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
    Send({batch.begin(), middle});
    return Send({middle, batch.end()});
  }
  options_.decisions->Append(
      encoded, [weak = std::weak_ptr(queue_), batch](const absl::StatusOr<uint64_t>& sent) {
        const auto queue = weak.lock();
        if (sent.ok() || queue == nullptr) return;
        MutexLock lock(queue->mutex);
        queue->failed.insert(queue->failed.end(), batch.begin(), batch.end());
        if (queue->failed.size() > kQueueMax) queue->failed.clear();
      });
}

absl::StatusOr<std::size_t> DecisionSharing::Receive(std::chrono::milliseconds wait) {
  auto messages = options_.decisions->Read(position_, kMessagesAtOnce, wait);
  if (absl::IsOutOfRange(messages.status())) {
    // Decisions are kept for as long as feedback on them is taken. Older ones are of no use.
    ASSIGN_OR_RETURN(const storage::SharedRange range, options_.decisions->Range());
    position_ = range.first - 1;
    messages = options_.decisions->Read(position_, kMessagesAtOnce, wait);
  }
  RETURN_IF_ERROR(messages.status());
  std::vector<Decision> others;
  for (const storage::SharedMessage& shared : *messages) {
    auto message = DecodeDecisions(shared.bytes);
    if (!message.ok() || (message->replica == options_.name && message->run == run_)) continue;
    for (Decision& decision : message->decisions) others.push_back(std::move(decision));
  }
  if (!others.empty()) {
    RETURN_IF_ERROR(store_.PutBatch(others, storage::Durability::kProcess));
  }
  if (messages->empty()) return std::size_t{0};
  position_ = messages->back().position;
  on_stored_(position_);
  return messages->size();
}

void DecisionSharing::ReceiveLoop() {
  while (true) {
    const auto received = Receive(kIdle);
    MutexLock lock(queue_->mutex);
    if (!received.ok() && !queue_->is_stopping) queue_->came.WaitFor(queue_->mutex, kIdle);
    if (queue_->is_stopping) return;
  }
}

}  // namespace pointsman::engine
